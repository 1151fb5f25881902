"""Electronic vouchers (电子凭证) between the treasury, its agent bank and the central bank, as data: build and parse.

The shape is `MOF/VoucherBody[@AdmDivCode,@StYear,@VtCode,@VoucherNo]/Voucher/DetailList/Detail` with the fields of
standards 2.3; a coded field is a pair of elements, `FundTypeCode` and `FundTypeName`. Both sides use this module: the
treasury, and the bank's simulator.

Reading needs no library beside Python's own: a text with any declaration (`<!DOCTYPE`, `<!ENTITY`) is refused before a
parser sees it, so that there is nothing to expand and nothing to fetch.
"""

import codecs
import re
import unicodedata
import xml.etree.ElementTree as ET
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache, cached_property

from django.utils.translation import gettext as _

from minxin.disclosures.rules.codes import VoucherKind
from minxin.kernel.errors import Refused

MOST_BYTES = 16 * 1024 * 1024
MOST_TAGS = 1_000_000  # a statement of 60,000 lines; a file of nothing but brackets would fill the memory
MOST_DETAILS = 499  # of an order: under 500, as its system has it (standards 2.3)
MOST_LINES = 100_000  # of a day's statement
LONGEST = 400  # characters of one field
LONGEST_NUMBER = 40
BATCH = "4"  # BusinessType 批量: each payee's bank must be numbered


@dataclass(frozen=True, slots=True)
class Field:
    """An element of a voucher; `pair` stands for two, …Code and …Name; `needed` must not be empty when it is read."""

    name: str
    pair: bool = False
    needed: bool = False

    @property
    def elements(self) -> tuple[str, ...]:
        """The names of the elements it is written as."""
        return (f"{self.name}Code", f"{self.name}Name") if self.pair else (self.name,)


def _fields(words: str) -> tuple[Field, ...]:
    """ "Id! FundType+ PayAmt": `!` marks what is needed, `+` a pair of code and name."""
    return tuple(Field(word.rstrip("!+"), "+" in word, "!" in word) for word in words.split())


@dataclass(frozen=True)
class Form:
    """A kind of voucher: the fields of its head and of its details, and the field that holds the amount of each."""

    kind: VoucherKind
    head: tuple[Field, ...]
    detail: tuple[Field, ...]
    amount: str = "PayAmt"
    total: str = "PayAmt"
    most: int = MOST_DETAILS
    must_have_details: bool = True

    @cached_property
    def head_text(self) -> str:
        """The head as a template for `%`."""
        return _template(self.head)

    @cached_property
    def detail_text(self) -> str:
        """One detail as a template for `%`."""
        return f"<Detail>{_template(self.detail)}</Detail>"

    @cached_property
    def head_elements(self) -> tuple[str, ...]:
        """The names of all elements of the head."""
        return tuple(name for field in self.head for name in field.elements)

    @cached_property
    def detail_elements(self) -> tuple[str, ...]:
        """The names of all elements of a detail."""
        return tuple(name for field in self.detail for name in field.elements)


def _template(fields: Sequence[Field]) -> str:
    names = [name for field in fields for name in field.elements]
    return "".join(f"<{name}>%({name})s</{name}>" for name in names)


_RETURN = "XPayDate XAgentBusinessNo XPayAmt XPayeeAcctBankName XPayeeAcctNo XPayeeAcctName"  # filled in by the bank
_PAYER = "PayAcctNo PayAcctName PayAcctBankName"
_PAYEE = "PayeeAcctNo PayeeAcctName PayeeAcctBankName PayeeAcctBankNo"
_FUNCTION = "ExpFunc+ ExpFunc1+ ExpFunc2+ ExpFunc3+"
_ECONOMIC = "ExpEco+ ExpEco1+ ExpEco2+"
_ORDER_HEAD = _fields(
    f"Id! VoucherNo VouDate! PayType+ PayBank+ ClearBank+ {_PAYER} BusinessType+ PayCount PayAmt! {_RETURN}"
)
_ORDER_DETAIL = _fields(
    "Id! VoucherBillId VoucherBillNo VoucherNo FundType+ BgtType+ PayType+ ProCat+ MOFDep+ FileNo SupDep+ Agency+ "
    f"{_FUNCTION} {_ECONOMIC} DepPro+ SetMode+ PayBank+ ClearBank+ {_PAYEE} {_PAYER} PaySummary+ PayAmt! "
    f"BusinessType+ CheckNo Remark {_RETURN} XAddWord"
)
_LIMIT_HEAD = _fields(f"Id! VoucherNo VouDate! FileNo PlanMonth PayType+ PayBank+ ClearBank+ {_PAYER} PlanAmt!")
_LIMIT_DETAIL = _fields("Id! SupDep+ Agency+ FundType+ ExpFunc+ PlanAmt!")
_ANSWER_HEAD = _fields(
    "Id! VoucherNo VouDate! VoucherBillNo! PayBank+ PayAmt! XPayDate XAgentBusinessNo XPayAmt XAddWord"
)
_ANSWER_DETAIL = _fields(f"Id! VoucherBillNo PayAmt {_RETURN.replace('XPayAmt', 'XPayAmt!')} XAddWord")
_REFUND_HEAD = _fields("Id! VoucherNo VouDate! PayBank+ PayAmt! Remark")
_REFUND_DETAIL = _fields("Id! VoucherBillNo! PayAmt! XPayDate! XAgentBusinessNo! Remark")
_NOTICE_HEAD = _fields(f"Id! VoucherNo VouDate! PayBank+ ClearBank+ {_PAYER} PayAmt!")
_NOTICE_DETAIL = _fields("Id! VoucherBillNo Agency+ ExpFunc+ ExpEco+ PayAmt! XPayDate XAgentBusinessNo Remark")
_STATEMENT_HEAD = _fields("Id! VoucherNo VouDate! PayBank+ AllNum AllAmt!")
_STATEMENT_DETAIL = _fields("Id! Kind! VoucherBillNo XAgentBusinessNo PayAmt!")

K = VoucherKind
FORMS: Mapping[VoucherKind, Form] = {
    form.kind: form
    for form in (
        Form(K.DIRECT_ORDER, _ORDER_HEAD, _ORDER_DETAIL, must_have_details=False),  # comes back bare, signed for
        Form(K.AUTHORISED_ORDER, _ORDER_HEAD, _ORDER_DETAIL, must_have_details=False),
        Form(K.DIRECT_LIMIT, _LIMIT_HEAD, _LIMIT_DETAIL, amount="PlanAmt", total="PlanAmt"),
        Form(K.AUTHORISED_LIMIT, _LIMIT_HEAD, _LIMIT_DETAIL, amount="PlanAmt", total="PlanAmt"),
        Form(K.TRANSFER_RECEIPT, _ANSWER_HEAD, _ANSWER_DETAIL, amount="XPayAmt", must_have_details=False),
        Form(K.REFUND_RECEIPT, _REFUND_HEAD, _REFUND_DETAIL),
        Form(K.REFUND_NOTICE, _NOTICE_HEAD, _NOTICE_DETAIL),
        Form(K.STATEMENT, _STATEMENT_HEAD, _STATEMENT_DETAIL, total="AllAmt", most=MOST_LINES, must_have_details=False),
    )
}


@dataclass(frozen=True, slots=True)
class Envelope:
    """The attributes of a voucher's body: AdmDivCode, StYear, VtCode, VoucherNo."""

    kind: VoucherKind
    division: str
    year: int
    number: str


@dataclass(frozen=True, slots=True)
class Paper:
    """A voucher that was read: its envelope, the fields of its head, those of each detail; what is not there is ""."""

    envelope: Envelope
    head: Mapping[str, str]
    details: Sequence[Mapping[str, str]]


# ---- Writing


def build(envelope: Envelope, head: Mapping[str, str], details: Iterable[Mapping[str, str]]) -> bytes:
    """The voucher as XML in UTF-8. What a field has not is written empty; unknown fields are a mistake of the caller.

    Raises Refused (`voucher_sum`, `voucher_details`, …) when it would not pass the checks of whoever reads it.
    """
    form = FORMS[envelope.kind]
    rows = list(details)
    _check_details(form, rows, head.get(form.total, ""))
    lines = [_filled(form.detail_text, form.detail_elements, row) for row in rows]
    body = f"<DetailList>{''.join(lines)}</DetailList>" if lines else ""
    text = (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f'<MOF><VoucherBody AdmDivCode="{_escaped(envelope.division)}" StYear="{envelope.year}" '
        f'VtCode="{envelope.kind.value}" VoucherNo="{_escaped(envelope.number)}">'
        f"<Voucher>{_filled(form.head_text, form.head_elements, head)}{body}</Voucher></VoucherBody></MOF>\n"
    )
    return text.encode()


def _filled(template: str, names: tuple[str, ...], row: Mapping[str, str]) -> str:
    values = dict.fromkeys(names, "")
    values.update(row)
    if len(values) > len(names):
        raise ValueError(f"no such fields: {sorted(set(values) - set(names))}")
    if _SPECIAL.search("".join(row.values())):  # rare: most rows are asked once, not field by field
        values = {name: _escaped(value) for name, value in values.items()}
    return template % values


def day(on: date) -> str:
    """A day as a voucher writes it: 20060305."""
    return f"{on:%Y%m%d}"


def yuan(fen: int) -> str:
    """An amount as a voucher writes it: yuan with two decimals."""
    return f"{fen // 100}.{fen % 100:02d}" if fen >= 0 else f"-{yuan(-fen)}"


_SPECIAL = re.compile('[&<>"\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]')
_ENTITIES = {"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;"}


def _escaped(value: str) -> str:
    """Safe within XML: marks written as entities, characters that XML cannot hold left out."""
    return _SPECIAL.sub(lambda found: _ENTITIES.get(found[0], ""), value)


# ---- Reading


def parse(data: bytes) -> Paper:
    """The voucher in `data`. Raises Refused with a sentence for whatever is wrong with it, never anything else."""
    body = _root(_text(data)).find("VoucherBody")
    if body is None:
        raise Refused("voucher_shape", _("报文里没有 VoucherBody，请按电子凭证格式发送。"))
    envelope = _envelope(body)
    voucher = body.find("Voucher")
    if voucher is None:
        raise Refused("voucher_shape", _("报文里没有 Voucher，请按电子凭证格式发送。"))
    form = FORMS[envelope.kind]
    head = _read(voucher, form.head_elements)
    rows = voucher.findall("DetailList/Detail")
    if len(rows) > form.most:
        raise Refused(
            "voucher_details",
            _("一张凭证最多 %(most)d 条明细，这张有 %(count)d 条，请分开发送。")
            % {"most": form.most, "count": len(rows)},
        )
    details = [_read(row, form.detail_elements) for row in rows]
    _check_needed(form.head, head, _("主单"))
    for place, detail in enumerate(details, 1):
        _check_needed(form.detail, detail, _("第 %(place)d 条明细") % {"place": place})
    _check_details(form, details, head[form.total])
    return Paper(envelope, head, details)


def text(data: bytes) -> str:
    """The text of a file in UTF-8 (with or without mark) or, when it says so or is no UTF-8, in GB 18030."""
    return _decoded(data)


def fen(fields: Mapping[str, str], name: str) -> int:
    """The amount in that field, in fen; 0 when empty. Refuses what is no amount."""
    written = fields.get(name, "")
    return _fen(written, name)


def on(fields: Mapping[str, str], name: str) -> date | None:
    """The day in that field (20060305 or 2006-03-05); None when empty. Refuses what is no day."""
    written = fields.get(name, "")
    if not written:
        return None
    plain = written.replace("-", "")
    if not re.fullmatch(r"[0-9]{8}", plain):
        raise _wrong_day(name)
    try:
        return date(int(plain[:4]), int(plain[4:6]), int(plain[6:]))
    except ValueError:
        raise _wrong_day(name) from None


def _wrong_day(name: str) -> Refused:
    return Refused("voucher_day", _("%(name)s 不是日期，请写成 20060305 的样子。") % {"name": name}, field=name)


def _fen(written: str, name: str) -> int:
    if not written:
        return 0
    if not re.fullmatch(r"-?[0-9]{1,15}(\.[0-9]{1,2})?", written):
        raise Refused(
            "voucher_amount", _("%(name)s 不是金额，请以元为单位写成 429.00 的样子。") % {"name": name}, field=name
        )
    whole, _point, part = written.lstrip("-").partition(".")
    found = int(whole) * 100 + int(f"{part:0<2}")
    return -found if written.startswith("-") else found


_DECLARED = re.compile(rb"<\?xml[^>]{0,200}encoding\s*=\s*[\"']([A-Za-z0-9._-]{1,40})")
_CHINESE = {"gbk", "gb2312", "gb18030", "cp936"}


def _text(data: bytes) -> str:
    """The text of an XML file, free of declarations."""
    if len(data) > MOST_BYTES:
        raise Refused(
            "too_large",
            _("报文有 %(size)d MB，最大 %(most)d MB，请分开发送。")
            % {"size": -(-len(data) // 2**20), "most": MOST_BYTES // 2**20},
        )
    if data.count(b"<") > MOST_TAGS:
        raise Refused("too_large", _("报文里的元素太多了，请分开发送。"))
    if not data.strip():
        raise Refused("voucher_empty", _("报文是空的，请重新发送。"))
    declared = _DECLARED.match(data.removeprefix(codecs.BOM_UTF8))
    encoding = declared[1].decode() if declared else "UTF-8"
    if encoding.lower() not in {"utf-8", "utf8", *_CHINESE}:
        raise Refused("voucher_encoding", _("报文的编码是 %(name)s，请用 UTF-8 编码发送。") % {"name": encoding})
    plain = _decoded(data, chinese=encoding.lower() in _CHINESE)
    if re.search(r"<!(?!--|\[CDATA\[)", plain):
        raise Refused("voucher_declaration", _("报文里不能有 DOCTYPE 或 ENTITY 声明，请去掉后再发送。"))
    return re.sub(r"\A\s*<\?xml[^>]*\?>", "", plain, count=1)


def _decoded(data: bytes, *, chinese: bool | None = None) -> str:
    encodings = ["gb18030"] if chinese else ["utf-8-sig"] if chinese is False else ["utf-8-sig", "gb18030"]
    for encoding in encodings:
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise Refused("voucher_encoding", _("报文里的文字读不出来，请用 UTF-8 编码发送。"))


def _root(plain: str) -> ET.Element:
    try:
        root = ET.fromstring(plain)  # noqa: S314 - no declaration can be in it
    except (ET.ParseError, ValueError, MemoryError) as error:
        raise Refused("voucher_shape", _("报文不是完整的 XML，请检查后重新发送。")) from error
    if root.tag != "MOF":
        raise Refused("voucher_shape", _("报文的最外层应当是 MOF，请按电子凭证格式发送。"))
    return root


def _envelope(body: ET.Element) -> Envelope:
    kind, year, number = body.get("VtCode", ""), body.get("StYear", ""), body.get("VoucherNo", "").strip()
    if kind not in VoucherKind.values:
        raise Refused("voucher_kind", _("不认识凭证类型 %(kind)s，请核对 VtCode。") % {"kind": _short(kind)})
    if not re.fullmatch(r"(19|20)[0-9]{2}", year):
        raise Refused("voucher_year", _("StYear 应当是四位年度，例如 2006。"))
    if not number or len(number) > LONGEST_NUMBER or not number.isprintable():
        raise Refused("voucher_number", _("VoucherNo 不能为空，最多 %(most)d 个字符。") % {"most": LONGEST_NUMBER})
    return Envelope(VoucherKind(kind), _short(body.get("AdmDivCode", "")), int(year), number)


def _read(element: ET.Element, names: Sequence[str]) -> dict[str, str]:
    found = {child.tag: (child.text or "").strip() for child in element}
    row = {name: found.get(name, "") for name in names}
    for name, value in row.items():
        if len(value) > LONGEST:
            raise Refused(
                "voucher_long", _("%(name)s 太长了，最多 %(most)d 个字。") % {"name": name, "most": LONGEST}, field=name
            )
        if value and not value.isprintable():
            row[name] = "".join(" " if unicodedata.category(mark)[0] == "C" else mark for mark in value).strip()
    return row


def _check_needed(fields: Sequence[Field], row: Mapping[str, str], place: str) -> None:
    for name in _needed(tuple(fields)):
        if not row[name]:
            sentence = _("%(place)s缺少 %(name)s，请补上后重新发送。")
            raise Refused("voucher_field", sentence % {"place": place, "name": name}, field=name)


@cache
def _needed(fields: tuple[Field, ...]) -> tuple[str, ...]:
    return tuple(field.elements[0] for field in fields if field.needed)


def _check_details(form: Form, details: Sequence[Mapping[str, str]], total: str) -> None:
    """Details are there, fewer than 500, with ids of their own, numbered banks in a batch, and add up to the head."""
    if not details:
        if form.must_have_details:
            raise Refused("voucher_details", _("凭证没有明细，请补上 DetailList 后重新发送。"))
        return
    if len(details) > form.most:
        raise Refused("voucher_details", _("一张凭证最多 %(most)d 条明细。") % {"most": form.most})
    if len({detail["Id"] for detail in details}) < len(details):
        twice = Counter(detail["Id"] for detail in details).most_common(1)[0][0]
        raise Refused("voucher_twice", _("明细 Id %(id)s 出现了两次，请核对。") % {"id": twice}, field="Id")
    if any(row.get("BusinessTypeCode") == BATCH and not row.get("PayeeAcctBankNo") for row in details):
        raise Refused("voucher_bank_no", _("批量业务的每条明细都要写收款行号。"), field="PayeeAcctBankNo")
    summed = sum(_fen(detail[form.amount], form.amount) for detail in details)
    if summed != _fen(total, form.total):
        sentence = _("明细合计 %(summed)s 元，主单是 %(total)s 元，相差 %(gap)s 元，请核对。")
        facts = {"summed": yuan(summed), "total": _short(total), "gap": yuan(summed - _fen(total, form.total))}
        raise Refused("voucher_sum", sentence % facts, field=form.total)


def _short(value: str) -> str:
    plain = "".join(mark for mark in value if mark.isprintable())
    return plain if len(plain) <= 20 else f"{plain[:20]}…"
