"""Numbers the state gives: checked by their own arithmetic, normalised, and masked for the eyes of others.

Every checker takes what somebody typed (spaces, full-width, lower case) and returns the normalised value, or refuses
with what is wrong and what to do.
"""

import re
import unicodedata
from datetime import date

from django.utils.translation import gettext as _

from minxin.kernel.errors import Refused

_USCC = "0123456789ABCDEFGHJKLMNPQRTUWXY"  # GB 32100-2015: without I O S V Z
_USCC_WEIGHTS = (1, 3, 9, 27, 19, 26, 16, 17, 20, 29, 25, 13, 8, 24, 10, 30, 28)
_ORG_WEIGHTS = (3, 7, 9, 10, 5, 8, 4, 2)  # GB 11714-1997
_ID_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)  # GB 11643-1999
_OLDEST = date(1850, 1, 1)

_MOBILE = re.compile(r"1[3-9]\d{9}")
_LANDLINE = re.compile(r"(010|02\d|0[3-9]\d{2})([2-9]\d{6,7})(?:[-转](\d{1,6}))?")
_HOTLINE = re.compile(r"12345|12388|12309|12315|400\d{7}")


def uscc(value: str, *, field: str | None = None) -> str:
    """A 统一社会信用代码: 18 characters, the last one checks the others."""
    code = _plain(value)
    if len(code) != 18:
        sentence = _("统一社会信用代码是 18 位，现在有 %(length)s 位，请对照营业执照或法人证书核对。")
        raise Refused("uscc_length", sentence % {"length": len(code)}, field=field)
    if wrong := next((character for character in code if character not in _USCC), None):
        sentence = _("统一社会信用代码里不会出现“%(character)s”，请核对这一位。")
        raise Refused("uscc_character", sentence % {"character": wrong}, field=field)
    total = sum(_USCC.index(character) * weight for character, weight in zip(code, _USCC_WEIGHTS, strict=False))
    if code[17] != _USCC[-total % 31]:
        raise Refused("uscc_check", _("统一社会信用代码的校验位不符，可能有一位写错了，请逐位核对。"), field=field)
    return code


def organisation_code(value: str, *, field: str | None = None) -> str:
    """An 组织机构代码 of before 2015: 9 characters, the last one checks the others."""
    code = _plain(value).replace("-", "")
    if not re.fullmatch(r"[0-9A-Z]{8}[0-9X]", code):
        raise Refused("org_code_shape", _("组织机构代码是 8 位数字或字母加 1 位校验码，请核对。"), field=field)
    total = sum(int(character, 36) * weight for character, weight in zip(code, _ORG_WEIGHTS, strict=False))
    if code[8] != "0123456789X0"[11 - total % 11]:
        raise Refused("org_code_check", _("组织机构代码的校验位不符，请逐位核对。"), field=field)
    return code


def resident_id(value: str, today: date, *, field: str | None = None) -> str:
    """A 居民身份证号码: 18 characters, a date of birth not after `today`, the last one checks the others.

    Regions are not checked: many codes on cards were abolished since.
    """
    code = _plain(value)
    if not re.fullmatch(r"\d{17}[\dX]", code):
        sentence = _("居民身份证号码是 18 位：17 位数字，最后一位是数字或 X。请对照证件核对。")
        raise Refused("resident_id_shape", sentence, field=field)
    born = _date(code[6:14])
    if born is None or not _OLDEST <= born <= today:
        raise Refused("resident_id_birth", _("身份证号码第 7 到 14 位应当是出生日期，请核对。"), field=field)
    if not is_resident_id(code):
        raise Refused("resident_id_check", _("身份证号码的校验位不符，可能有一位写错了，请逐位核对。"), field=field)
    return code


def is_resident_id(code: str) -> bool:
    """Whether it has the shape, a possible date of birth, and the right last character."""
    if not re.fullmatch(r"[0-9]{17}[0-9X]", code) or _date(code[6:14]) is None:
        return False
    total = sum(int(digit) * weight for digit, weight in zip(code, _ID_WEIGHTS, strict=False))
    return code[17] == "10X98765432"[total % 11]


def region(code: str, *, field: str | None = None) -> str:
    """A 区划代码 of 6 (county), 9 (town) or 12 digits (village). Whether it exists, the directory knows."""
    plain = _plain(code)
    if not re.fullmatch(r"[1-9]\d{5}(\d{3})?(\d{6})?", plain) or len(plain) not in {6, 9, 12}:
        sentence = _("区划代码是 6 位、9 位或 12 位数字，例如绥中县是 211421。请从列表里选择地区。")
        raise Refused("region_shape", sentence, field=field)
    return plain


def phone(value: str, *, field: str | None = None) -> str:
    """A telephone number: `13812341234`, `0429-3112345`, `0429-3112345-801`, `12345` or `4001234567`."""
    plain = re.sub(r"[\s()（）.—–‐]", "", _plain(value))
    digits = re.sub(r"^(\+86|0086|86(?=1\d{10}$))-?", "", plain)
    mobile = digits.replace("-", "")
    if _MOBILE.fullmatch(mobile) or _HOTLINE.fullmatch(mobile):
        return mobile
    if landline := _LANDLINE.fullmatch(re.sub(r"^(010|02\d|0[3-9]\d{2})-", r"\1", digits)):
        return "-".join(filter(None, landline.groups()))
    if re.fullmatch(r"1\d{5,14}", mobile):
        sentence = _("手机号码是 11 位，您填了 %(length)s 位，或号段不存在，请核对。")
        raise Refused("phone_mobile", sentence % {"length": len(mobile)}, field=field)
    sentence = _("请填写 11 位手机号码，或带区号的固定电话，例如 0429-3112345。")
    raise Refused("phone_shape", sentence, field=field)


def luhn(digits: str) -> bool:
    """Whether a bank card number checks (ISO/IEC 7812)."""
    doubled = [int(digit) * (1 + index % 2) for index, digit in enumerate(reversed(digits))]
    return sum(value - 9 * (value > 9) for value in doubled) % 10 == 0


def mask_phone(value: str) -> str:
    """`138****1234`; of a landline only the area code and the last two digits: `0429-*****45`."""
    if _MOBILE.fullmatch(value):
        return f"{value[:3]}****{value[-4:]}"
    head, dash, rest = value.partition("-")
    return (
        f"{head}{dash}{'*' * (len(rest) - 2)}{rest[-2:]}"
        if dash
        else f"{value[:2]}{'*' * (len(value) - 4)}{value[-2:]}"
    )


def mask_resident_id(value: str) -> str:
    """`110***********002X`."""
    return f"{value[:3]}{'*' * (len(value) - 7)}{value[-4:]}"


def mask_name(value: str) -> str:
    """The family name and a star for each character of the given name: 张**, 欧阳*."""
    name = value.strip()
    kept = 2 if len(name) > 2 and name[:2] in _COMPOUND else 1
    return name[:kept] + "*" * max(1, len(name) - kept) if name else ""


_COMPOUND = frozenset(
    (
        "欧阳",
        "司马",
        "上官",
        "诸葛",
        "东方",
        "皇甫",
        "尉迟",
        "公孙",
        "令狐",
        "慕容",
        "司徒",
        "夏侯",
        "宇文",
        "长孙",
        "南宫",
    )
)


def _plain(value: str) -> str:
    return "".join(unicodedata.normalize("NFKC", value[:80]).upper().split())


def _date(digits: str) -> date | None:
    try:
        return date(int(digits[:4]), int(digits[4:6]), int(digits[6:]))
    except ValueError:
        return None
