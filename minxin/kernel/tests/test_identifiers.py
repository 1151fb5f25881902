import contextlib
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from minxin.kernel import identifiers
from minxin.kernel.errors import Refused

TODAY = date(2026, 11, 23)


def refusal(check, *facts):
    with pytest.raises(Refused) as caught:
        check(*facts, field="it")
    assert caught.value.field == "it"
    assert caught.value.sentence.endswith("。")
    return caught.value.code


@pytest.mark.parametrize(
    "code",
    ["91110000600037341L", "11441700007280420Y", " 91110000 600037341l ", "９１１１００００６０００３７３４１Ｌ"],
)
def test_the_standard_s_social_credit_codes_are_right(code):
    assert identifiers.uscc(code) in {"91110000600037341L", "11441700007280420Y"}


@pytest.mark.parametrize(
    ("code", "why"),
    [
        ("", "uscc_length"),
        ("9111000060003734", "uscc_length"),
        ("91110000600037341O", "uscc_character"),
        ("9111000060003734'L", "uscc_character"),
        ("91110000600037342L", "uscc_check"),
        ("19110000600037341L", "uscc_check"),
    ],
)
def test_a_wrong_social_credit_code_is_refused_with_the_reason(code, why):
    assert refusal(identifiers.uscc, code) == why


@given(st.integers(0, 16), st.sampled_from(identifiers._USCC))
def test_one_wrong_character_of_a_social_credit_code_is_noticed(place, other):
    right = "91110000600037341L"
    wrong = right[:place] + other + right[place + 1 :]
    assert (wrong == right) or refusal(identifiers.uscc, wrong) == "uscc_check"


def test_an_organisation_code_checks_itself():
    assert identifiers.organisation_code("00001434-9") == "000014349"
    assert identifiers.organisation_code("600037341") == "600037341"
    assert refusal(identifiers.organisation_code, "000014348") == "org_code_check"
    assert refusal(identifiers.organisation_code, "12") == "org_code_shape"


def test_the_standard_s_identity_number_is_right():
    assert identifiers.resident_id("11010519491231002x", TODAY) == "11010519491231002X"
    assert identifiers.resident_id("110105 19491231 002Ｘ", TODAY) == "11010519491231002X"


@pytest.mark.parametrize(
    ("code", "why"),
    [
        ("", "resident_id_shape"),
        ("110105491231002", "resident_id_shape"),
        ("1101051949123100XX", "resident_id_shape"),
        ("11010519491331002X", "resident_id_birth"),
        ("11010520991231002X", "resident_id_birth"),
        ("110105194912310021", "resident_id_check"),
        ("11010519491230002X", "resident_id_check"),
    ],
)
def test_a_wrong_identity_number_is_refused_with_the_reason(code, why):
    assert refusal(identifiers.resident_id, code, TODAY) == why


def test_nobody_is_born_tomorrow():
    assert refusal(identifiers.resident_id, "11010519491231002X", date(1949, 12, 30)) == "resident_id_birth"


@pytest.mark.parametrize("code", ["211421", "211421113", "211421113205", " ２１１４２１ "])
def test_a_region_has_six_nine_or_twelve_digits(code):
    assert identifiers.region(code) == code.strip().replace("２１１４２１", "211421")


@pytest.mark.parametrize("code", ["", "2114", "011421", "21142111", "211421113205999", "21142x", "٢١١٤٢١x", "葫芦岛"])
def test_what_is_no_region_is_refused(code):
    assert refusal(identifiers.region, code) == "region_shape"


@pytest.mark.parametrize(
    ("typed", "stored"),
    [
        ("13812341234", "13812341234"),
        ("138 1234 1234", "13812341234"),
        ("+86 138-1234-1234", "13812341234"),
        ("86 13812341234", "13812341234"),
        ("１３８１２３４１２３４", "13812341234"),
        ("0429-3112345", "0429-3112345"),
        ("(0429) 3112345", "0429-3112345"),
        ("04293112345", "0429-3112345"),
        ("024-12345678"[:3] + "-22345678", "024-22345678"),
        ("0429-3112345-801", "0429-3112345-801"),
        ("0429-3112345转801", "0429-3112345-801"),
        ("12345", "12345"),
        ("400-123-4567", "4001234567"),
    ],
)
def test_a_phone_is_understood_as_people_write_it(typed, stored):
    assert identifiers.phone(typed) == stored


@pytest.mark.parametrize(
    ("typed", "why"),
    [("", "phone_shape"), ("3112345", "phone_shape"), ("1381234123", "phone_mobile"), ("12812341234", "phone_mobile"),
     ("电话", "phone_shape"), ("1" * 500, "phone_shape"), ("0429-1112345", "phone_shape")],
)  # fmt: skip
def test_what_is_no_phone_is_refused(typed, why):
    assert refusal(identifiers.phone, typed) == why


@given(st.text(max_size=40))
def test_any_text_is_taken_or_refused_and_never_breaks(typed):
    for check in (identifiers.uscc, identifiers.organisation_code, identifiers.region, identifiers.phone):
        with contextlib.suppress(Refused):
            assert check(check(typed)) == check(typed)


def test_masks_keep_only_what_others_may_see():
    assert identifiers.mask_phone("13812341234") == "138****1234"
    assert identifiers.mask_phone("0429-3112345") == "0429-*****45"
    assert identifiers.mask_phone("4001234567") == "40******67"
    assert identifiers.mask_phone("") == ""
    assert identifiers.mask_resident_id("11010519491231002X") == "110***********002X"
    assert [identifiers.mask_name(name) for name in ("张三", "张三丰", "欧阳修", "欧阳", "张", "")] == [
        "张*", "张**", "欧阳*", "欧*", "张*", ""]  # fmt: skip
