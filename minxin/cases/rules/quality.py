"""What is weak about a public answer: hints for its writer and its reviewer, never a score."""

import re
from collections.abc import Iterable

from django.utils.translation import gettext as _

from minxin.kernel import text

SHORT = 60  # characters
ALIKE = 0.9
_EMPTY = re.compile(r"(已(转交|转办|安排|责成|交办)|正在(核实|处理|研究)|高度重视)")
_DATE = re.compile(r"\d{1,2}\s*月\s*\d{1,2}\s*日|\d{4}-\d{2}-\d{2}")
_PHONE = re.compile(r"0\d{2,3}-?\d{7,8}|1[3-9]\d{9}|12345")


def weaknesses(answer: str, *, earlier: Iterable[str] = ()) -> list[str]:
    """One sentence for each weakness found; an empty list is not yet a good answer."""
    found: list[str] = []
    if len(answer) < SHORT:
        found.append(_("答复不到 %(least)d 个字，可能没有说清查明的事实和处理结果。") % {"least": SHORT})
    if not _DATE.search(answer):
        found.append(_("没有写日期：何时联系、何时处理、何时见效。"))
    if not _PHONE.search(answer):
        found.append(_("没有写承办人的联系电话。"))
    if _EMPTY.search(answer) and len(answer) < 3 * SHORT:
        found.append(_("只写了“已安排”“已转办”一类的话，请写明做了什么、结果怎样。"))
    if any(text.similar(answer, other) >= ALIKE for other in earlier):
        found.append(_("与本单位以前的答复几乎一样，请针对这件事来写。"))
    if personal(answer):
        found.append(_("里面可能有个人信息（电话、证件号、账号等），公开前请隐去。"))
    return found


def personal(value: str) -> list[str]:
    """What tells who a private person is, masked for showing; an office's landline or hotline is not personal."""
    hits = ((hit, value[hit.start : hit.end]) for hit in text.pii(value))
    return [hit.masked for hit, found in hits if hit.kind != "phone" or not found.startswith(_OFFICE)]


_OFFICE = ("0", "12", "400", "800")
