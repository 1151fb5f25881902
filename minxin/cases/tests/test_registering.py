"""Who may enter what was told by telephone, letter or visit."""

import pytest

from minxin.cases.actions import centre
from minxin.cases.models import Case
from minxin.cases.rules import codes
from minxin.cases.rules.filing import Contact, Draft
from minxin.kernel.errors import Refused

pytestmark = pytest.mark.django_db
TOLD = Draft(
    codes.Kind.HELP,
    "来电求助",
    "来电人说楼道灯坏了半个月。",
    "211421",
    codes.Channel.PHONE,
    contact=Contact("某人", "13800001234"),
)


def test_a_centres_post_enters_a_call_and_its_post_is_on_record(cast):
    receipt = centre.register(TOLD, key="call 1", by=cast.officers["suizhong_editor"])
    case = Case.objects.select_related("filing").get(pk=centre.id_of(receipt.ref))
    assert (case.channel, case.filing.entered_by_post) == ("phone", cast.posts["suizhong_editor"])


@pytest.mark.parametrize("name", ["suizhong_finance_clerk", "city_discipline_discipline", "province_system_admin"])
def test_other_posts_do_not_enter_cases(cast, name):
    with pytest.raises(Refused) as refusal:
        centre.register(TOLD, key="call 2", by=cast.officers[name])
    assert refusal.value.code == "forbidden"
    assert not Case.objects.filter(title="来电求助").exists()
