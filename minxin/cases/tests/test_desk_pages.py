"""Each page of the desk, opened by those who work there."""

import pytest

from minxin.cases.tests import desk_cast as cases

pytestmark = pytest.mark.django_db


def test_the_editor_finds_a_new_case_in_his_first_queue_and_opens_it(cast):
    ref = cases.filed()
    browser = cases.signed_in(cast, "suizhong_editor")
    page = browser.get("/desk/")
    assert page.status_code == 200
    assert ref in page.text
    opened = browser.get(f"/desk/cases/{ref}/?queue=accept")
    assert opened.status_code == 200
    assert cases.SECRET in opened.text
    assert "受理" in opened.text
