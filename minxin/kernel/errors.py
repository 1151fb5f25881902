"""Saying no: one exception for every rule and action, translated once per door (page, JSON problem, exit code)."""

from django.utils.translation import gettext as _


class Refused(Exception):
    """An action or a rule says no.

    `code` is stable and for machines (`"too_late"`), `sentence` is for the person and says what to do next, `field`
    names the input it is about, when it is about one.
    """

    def __init__(self, code: str, sentence: str, *, field: str | None = None) -> None:
        super().__init__(code, sentence)
        self.code = code
        self.sentence = sentence
        self.field = field

    def __str__(self) -> str:
        return self.sentence


class Absent(Refused):
    """It does not exist, or this person may not see it: the two are answered alike (404)."""

    def __init__(self, code: str = "absent", sentence: str = "", *, field: str | None = None) -> None:
        super().__init__(code, sentence or _("没有找到您要看的内容，请核对编号或链接后再试。"), field=field)
