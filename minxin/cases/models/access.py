"""The complainant's key to a case: its query code."""

import unicodedata

from django.utils.translation import gettext as _

from minxin.cases.models.case import Filing, query_code
from minxin.kernel import limits, sealing
from minxin.kernel.errors import Absent, Refused

TRIES = {"limit": 20, "seconds": 900}


def check(case_id: int, code: str) -> None:
    """2 queries. Raises Absent unless this is the case's query code; `too_many` when wrong ones keep coming.

    After that even the right one waits: otherwise the limit would not slow a guesser down. Call it outside a
    transaction, so that a wrong try is counted.
    """
    salt = Filing.objects.filter(pk=case_id).values_list("code_salt", flat=True).first()
    if limits.spent(f"code:{case_id}", **TRIES):
        raise Refused("too_many", _("查询码连续输错多次，请十五分钟后再试。查询码写在您的回执上。"))
    if salt is not None and sealing.same(query_code(case_id, bytes(salt)), _plain(code)):
        return
    limits.allow(f"code:{case_id}", **TRIES)
    raise Absent("absent", _("编号或查询码不对，请照回执核对后再试。"))


def _plain(code: str) -> str:
    """A query code as typed: spaces, hyphens, small letters and full-width forms do not matter."""
    return "".join(unicodedata.normalize("NFKC", code[:80]).upper().replace("-", "").split())
