"""Long lists to choose from are drawn once and kept, and still never older than what they are made of."""

import pytest
from django.http import QueryDict
from django.urls import reverse

from minxin.cases.actions import catalogue
from minxin.cases.forms import search
from minxin.cases.forms.lists import Narrow
from minxin.cases.models import snapshot
from minxin.directory.actions import regions
from minxin.directory.rules import SYSTEM

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _read_anew():
    snapshot.forget()
    yield
    snapshot.forget()


def test_where_nothing_is_narrowed_everybody_has_the_same_form():
    first, second = QueryDict("q=供暖"), QueryDict("q=物业&kind=")
    assert search.read(first)[0] is search.read(second)[0]
    assert [search.read(query)[1].q for query in (first, second)] == ["供暖", "物业"]
    assert Narrow.of(QueryDict("queue=handling")) is Narrow.of(QueryDict())


@pytest.mark.parametrize("asked", ["kind=complaint", "region=210000", "stars=5", "unit=1"])
def test_whoever_narrows_has_his_own(asked):
    assert not search.read(QueryDict(asked))[0].bare
    assert not Narrow.of(QueryDict("overdue=on")).bare


def test_a_new_name_in_the_catalogue_is_on_the_next_page(client):
    before = client.get(reverse("public_cases")).content.decode()
    code = snapshot.tree()[0].code
    catalogue.rename_category(code, name="改过的名字", basis="市政府令第1号", by=SYSTEM)
    snapshot.forget()
    after = client.get(reverse("public_cases")).content.decode()
    assert ("改过的名字" in before, "改过的名字" in after) == (False, True)


def test_a_new_name_of_a_region_is_on_the_next_page(client, cast):
    before = client.get(reverse("public_cases")).content.decode()
    regions.rename_region(code="211400", name="葫芦岛新市", by=SYSTEM)
    after = client.get(reverse("public_cases")).content.decode()
    assert ("葫芦岛新市" in before, "葫芦岛新市" in after) == (False, True)


def test_the_number_of_the_names_changes_with_the_names_only():
    first = snapshot.stamp()
    snapshot.forget()
    assert snapshot.stamp() == first
    catalogue.add_category(parent="", name="从未有过的一类", basis="市政府令第2号", by=SYSTEM)
    snapshot.forget()
    assert snapshot.stamp() > first
    assert "从未有过的一类" in {node.name for node in snapshot.tree()}
