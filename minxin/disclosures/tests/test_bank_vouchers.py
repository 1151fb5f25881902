"""Vouchers as XML: what is built is read again; whatever else comes gets a sentence."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from minxin.disclosures.rules import settling, vouchers
from minxin.disclosures.rules.codes import VoucherKind
from minxin.disclosures.rules.vouchers import Envelope
from minxin.kernel import refs
from minxin.kernel.errors import Refused

ENVELOPE = Envelope(VoucherKind.TRANSFER_RECEIPT, "211400", 2006, "YH1")
HEAD = {"Id": "1", "VouDate": "20060306", "VoucherBillNo": "PZ2006-0000001-4", "PayBankCode": "ICBC"}
TODAY = date(2006, 3, 6)
NOTICE = {"PayAmt": "0.00", "Id": "1", "VouDate": "20060306", "PayBankCode": "ICBC"}


def receipt(**changes) -> bytes:
    detail = {"Id": "ZF2006-0000001-9", "XPayAmt": "1.00", "XAgentBusinessNo": "B1", "XPayDate": "20060306"} | changes
    return vouchers.build(ENVELOPE, HEAD | {"PayAmt": detail["XPayAmt"]}, [detail])


words = st.text(st.characters(exclude_categories=["C", "Zs", "Zl", "Zp"]), max_size=30)


@given(words, words, st.integers(0, 10**13))
def test_what_was_written_is_read_again(word, other, fen):
    head = HEAD | {"PayAmt": vouchers.yuan(fen), "XAddWord": word}
    detail = {"Id": "甲<1>&\"'", "XPayAmt": vouchers.yuan(fen), "XAddWord": other}
    paper = vouchers.parse(vouchers.build(ENVELOPE, head, [detail]))
    assert paper.envelope == ENVELOPE
    assert (paper.head["XAddWord"], paper.details[0]["XAddWord"]) == (word, other)
    assert (paper.details[0]["Id"], vouchers.fen(paper.details[0], "XPayAmt")) == ("甲<1>&\"'", fen)


def outcome(data: bytes) -> str:
    try:
        return vouchers.parse(data).envelope.number
    except Refused as refusal:
        return refusal.sentence


@given(st.binary(max_size=300))
def test_any_bytes_are_read_or_refused(data):
    for text in (data, b"<MOF>" + data, receipt()[: len(data)] + data, receipt().replace(b"1.00", data)):
        assert outcome(text)


BOMB = b"""<?xml version="1.0"?>
<!DOCTYPE MOF [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;"><!ENTITY c "&b;&b;&b;&b;&b;&b;&b;">]>
<MOF><VoucherBody VtCode="2301" StYear="2006" VoucherNo="1"><Voucher><Id>&c;</Id></Voucher></VoucherBody></MOF>"""
OUTSIDE = b'<!DOCTYPE MOF SYSTEM "file:///etc/passwd"><MOF/>'
GOOD = receipt()


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "voucher_empty"),
        (b"  \n", "voucher_empty"),
        (b"hello", "voucher_shape"),
        (b"<MOF>", "voucher_shape"),
        (b"<MOF/>", "voucher_shape"),
        (b"<Mof></Mof>", "voucher_shape"),
        (b"<MOF><VoucherBody VtCode='2301' StYear='2006' VoucherNo='1'/></MOF>", "voucher_shape"),
        (BOMB, "voucher_declaration"),
        (OUTSIDE, "voucher_declaration"),
        (BOMB.decode().encode("utf-16"), "voucher_encoding"),
        (b"<MOF><![CDATA[&x;]]>&x;</MOF>", "voucher_shape"),
        (b'<?xml version="1.0" encoding="utf-7"?>' + GOOD, "voucher_encoding"),
        (b'<?xml version="1.0" encoding="UTF-8"?><MOF>\xff\xfe</MOF>', "voucher_encoding"),
        (GOOD.replace(b'"2301"', b'"9999"'), "voucher_kind"),
        (GOOD.replace(b'StYear="2006"', b'StYear="06"'), "voucher_year"),
        (GOOD.replace(b'VoucherNo="YH1"', b'VoucherNo=""'), "voucher_number"),
        (GOOD.replace(b'VoucherNo="YH1"', b'VoucherNo="' + b"9" * 41 + b'"'), "voucher_number"),
        (GOOD.replace(b"<Id>1</Id>", b"<Id></Id>"), "voucher_field"),
        (GOOD.replace(b"<Id>ZF2006-0000001-9</Id>", b""), "voucher_field"),
        (GOOD.replace(b"<XPayAmt>1.00", b"<XPayAmt>1.01"), "voucher_sum"),
        (GOOD.replace(b"<XPayAmt>1.00", b"<XPayAmt>1,00"), "voucher_amount"),
        (GOOD.replace(b"<XPayAmt>1.00", b"<XPayAmt>1e9"), "voucher_amount"),
        (GOOD.replace(b"<XPayAmt>1.00", b"<XPayAmt>" + b"9" * 15), "voucher_sum"),
        (GOOD.replace(b"B1", b"B" * 500), "voucher_long"),
        (b"<a>" * 1_000_001, "too_large"),
        (b"<MOF>" + b" " * (17 * 2**20), "too_large"),
    ],
)
def test_what_is_no_voucher_gets_a_sentence(data, code):
    with pytest.raises(Refused) as caught:
        vouchers.parse(data)
    assert (caught.value.code, bool(caught.value.sentence)) == (code, True)


def test_a_voucher_in_gbk_is_read():
    paper = vouchers.parse(receipt(XAddWord="账号户名不符").decode().replace("UTF-8", "GBK").encode("gb18030"))
    assert paper.details[0]["XAddWord"] == "账号户名不符"


def test_deep_nesting_is_read_past():
    deep = b"<Voucher>" + b"<x>" * 20_000 + b"</x>" * 20_000
    assert vouchers.parse(GOOD.replace(b"<Voucher>", deep, 1)).head["Id"] == "1"


@pytest.mark.parametrize("count", [0, 500])
def test_an_order_has_1_to_499_details(count):
    detail = {"PayAmt": "0.00"}
    rows = [detail | {"Id": str(n)} for n in range(count)]
    text = vouchers.build(
        Envelope(VoucherKind.REFUND_NOTICE, "211400", 2006, "1"), NOTICE, [detail | {"Id": "x"}]
    ).decode()
    piece = text[text.index("<Detail>") : text.index("</DetailList>")]
    many = "".join(piece.replace(">x<", f">{row['Id']}<") for row in rows)
    with pytest.raises(Refused, match="明细"):
        vouchers.parse(text.replace(piece, many).encode())


def test_two_details_cannot_have_one_id():
    detail = {"Id": "1", "XPayAmt": "1.00"}
    with pytest.raises(Refused) as caught:
        vouchers.build(ENVELOPE, HEAD | {"PayAmt": "2.00"}, [detail, detail])
    assert caught.value.code == "voucher_twice"


def test_a_batch_names_the_number_of_each_bank():
    order = Envelope(VoucherKind.DIRECT_ORDER, "211400", 2006, "1")
    detail = {"Id": "1", "PayAmt": "1.00", "BusinessTypeCode": "4"}
    with pytest.raises(Refused) as caught:
        vouchers.build(order, {"PayAmt": "1.00"}, [detail])
    assert caught.value.code == "voucher_bank_no"
    assert vouchers.build(order, {"PayAmt": "1.00"}, [detail | {"PayeeAcctBankNo": "102227000012"}])


def test_a_field_that_a_form_has_not_is_a_mistake_of_the_caller():
    with pytest.raises(ValueError, match="Colour"):
        vouchers.build(ENVELOPE, HEAD | {"PayAmt": "0.00", "Colour": "red"}, [])


@pytest.mark.parametrize(
    ("fen", "text"), [(0, "0.00"), (5, "0.05"), (42900, "429.00"), (-1, "-0.01"), (-12345, "-123.45")]
)
def test_an_amount_has_two_decimals(fen, text):
    assert vouchers.yuan(fen) == text
    assert vouchers.fen({"PayAmt": text}, "PayAmt") == fen


@pytest.mark.parametrize("text", ["20060231", "2006-3-6", "三月六日", "200603060"])
def test_a_day_that_is_none_is_refused(text):
    with pytest.raises(Refused) as caught:
        vouchers.on({"VouDate": text}, "VouDate")
    assert caught.value.code == "voucher_day"
    assert vouchers.on({"VouDate": "2006-03-06"}, "VouDate") == TODAY


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"Id": "ZF2006-0000001-0"}, "ref_check"),
        ({"Id": "甲"}, "ref_shape"),
        ({"XAgentBusinessNo": "流水 1"}, "voucher_bank_number"),
        ({"XAgentBusinessNo": ""}, "voucher_bank_number"),
        ({"XPayAmt": "0.00"}, "voucher_reason"),
        ({"XPayAmt": "-1.00"}, "voucher_amount"),
        ({"XPayDate": "20060307"}, "voucher_day"),
    ],
)
def test_an_answer_that_cannot_be_is_refused(changes, code):
    good = {"Id": refs.written("ZF", 2006, 1)}
    paper = vouchers.parse(
        receipt(**(good | changes)).replace(HEAD["VoucherBillNo"].encode(), refs.written("PZ", 2006, 1).encode())
    )
    with pytest.raises(Refused) as caught:
        settling.read_receipt(paper, today=TODAY)
    assert caught.value.code == code


def test_every_kind_has_a_form_whose_amount_it_holds():
    assert set(vouchers.FORMS) == set(VoucherKind)
    for form in vouchers.FORMS.values():
        assert form.total in form.head_elements
        assert form.amount in form.detail_elements
        assert len(set(form.detail_elements)) == len(form.detail_elements)


def test_the_order_holds_the_fields_of_the_standard():
    fields = vouchers.FORMS[VoucherKind.DIRECT_ORDER].detail_elements
    pairs = (
        "FundType BgtType PayType ProCat MOFDep SupDep Agency ExpFunc ExpFunc1 ExpFunc2 ExpFunc3 ExpEco ExpEco1 "
        "ExpEco2 DepPro SetMode PayBank ClearBank PaySummary BusinessType"
    )
    plain = (
        "Id VoucherNo FileNo PayeeAcctNo PayeeAcctName PayeeAcctBankName PayeeAcctBankNo PayAcctNo PayAcctName "
        "PayAcctBankName PayAmt CheckNo VoucherBillId VoucherBillNo Remark XPayDate XAgentBusinessNo XPayAmt "
        "XPayeeAcctName XAddWord"
    )
    wanted = {f"{name}{end}" for name in pairs.split() for end in ("Code", "Name")} | set(plain.split())
    assert wanted <= set(fields)
