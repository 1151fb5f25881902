from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from minxin.kernel import money
from minxin.kernel.errors import Refused


@pytest.mark.parametrize(
    ("yuan", "fen"),
    [("429", 42900), (429, 42900), (Decimal("0.12"), 12), ("1,234.50元", 123450), ("￥ ４２９．００", 42900),
     ("-3.5", -350), ("84150000", 8_415_000_000), (Decimal("1E+3"), 100_000), ("0", 0), ("429.000", 42900)],
)  # fmt: skip
def test_yuan_become_fen_exactly(yuan, fen):
    assert money.fen(yuan) == fen


@pytest.mark.parametrize(
    "yuan",
    [
        "",
        "  ",
        "四百",
        "4.2.9",
        "NaN",
        "inf",
        "1e400",
        Decimal("1e400"),
        Decimal("NaN"),
        Decimal("0.001"),
        "1e999999999",
        "9" * 5000,
        "0.001",
        "1_0",
        "--1",
    ],
)
def test_what_is_no_money_is_refused(yuan):
    with pytest.raises(Refused) as refusal:
        money.fen(yuan, field="amount")
    assert refusal.value.field == "amount"


@given(st.integers(-(10**17), 10**17))
def test_fen_and_yuan_are_inverse(fen):
    assert money.fen(money.yuan(fen)) == fen
    assert money.fen(money.written(fen)) == fen
    assert money.yuan(fen).as_tuple().exponent == -2


def test_money_is_written_with_separators_and_two_decimals():
    assert money.written(42900) == "429.00"
    assert money.written(13_000_000_000) == "130,000,000.00"
    assert money.written(-5) == "-0.05"
