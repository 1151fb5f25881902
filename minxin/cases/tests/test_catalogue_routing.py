"""The duty catalogue and the keywords, as pure functions: exhaustive small tables, properties, and speed."""

import time
from datetime import date
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from minxin.cases.rules import routing
from minxin.cases.rules.routing import Duty, Keyword

DAY = date(2026, 3, 2)


def duty(key, category, region, *, start=date(2004, 5, 21), end=None):
    return Duty(key, category, region, key, start, end, "依据")


def matched(rows, category="100101", region="211421113", on=DAY):
    found = routing.match_duty(category, region, routing.duty_book(rows), on)
    return found.id if found else None


PLACES = list(product(["10", "1001", "100101"], ["210000", "211400", "211421", "211421113"]))


@pytest.mark.parametrize("one", PLACES)
@pytest.mark.parametrize("other", PLACES)
def test_the_finer_category_wins_then_the_narrower_region(one, other):
    rows = [duty(1, *one), duty(2, *other, start=date(2010, 1, 1))]
    weigh = [(len(c), len(routing.significant(r)), key) for key, (c, r) in enumerate([one, other], start=1)]
    assert matched(rows) == max(weigh)[-1]
    assert matched(rows[::-1]) == max(weigh)[-1]


@pytest.mark.parametrize(
    "stranger", [("1002", "211421"), ("11", "211421"), ("100102", "211421"), ("1001", "211422"), ("1001", "210100")]
)
def test_another_category_or_region_never_matches(stranger):
    assert matched([duty(1, *stranger)]) is None


@pytest.mark.parametrize(
    ("on", "expected"), [(date(2019, 12, 31), 1), (date(2020, 1, 1), 2), (date(2004, 5, 20), None)]
)
def test_a_duty_holds_from_its_first_day_through_its_last(on, expected):
    rows = [duty(1, "10", "211400", end=date(2019, 12, 31)), duty(2, "10", "211400", start=date(2020, 1, 1))]
    assert matched(rows, on=on) == expected


def test_candidates_come_from_the_most_specific_to_the_widest():
    rows = [duty(1, "10", "210000"), duty(2, "1001", "210000"), duty(3, "1001", "211421"), duty(4, "10", "211421113")]
    found = routing.candidates("100101", "211421113", routing.duty_book(rows), DAY)
    assert [one.id for one in found] == [3, 2, 4, 1]


categories = st.sampled_from(["10", "1001", "100101", "100102", "11", "1101"])
regions = st.sampled_from(["210000", "211400", "211421", "211421113", "211421110", "210100", "211421113201"])


@given(st.lists(st.tuples(categories, regions), max_size=20, unique=True), categories, regions)
def test_the_index_finds_what_looking_at_every_row_finds(keys, category, region):
    rows = [duty(number, *key) for number, key in enumerate(keys, start=1)]
    fitting = [
        row for row in rows if category.startswith(row.category) and region.startswith(routing.significant(row.region))
    ]
    slow = max(fitting, key=lambda row: (len(row.category), len(routing.significant(row.region))), default=None)
    assert matched(rows, category, region) == (slow.id if slow else None)


@pytest.mark.parametrize(
    ("region", "mark"),
    [
        ("210000", "21"),
        ("211400", "2114"),
        ("211421", "211421"),
        ("211421113", "211421113"),
        ("211421110", "211421110"),
        ("211421113000", "211421113"),
        ("211421113200", "211421113200"),
    ],
)
def test_a_region_shares_its_prefix_with_all_regions_inside_and_with_no_other(region, mark):
    assert routing.significant(region) == mark


def test_a_town_whose_code_ends_in_zero_does_not_hold_its_neighbours():
    assert not routing.inside("211421111", "211421110")
    assert routing.inside("211421110", "211421")
    assert routing.prefixes(["211421110"]) == ("211421110",)


def test_prefixes_leave_out_regions_inside_others():
    assert routing.prefixes(["211421", "211400", "210100", "210102"]) == ("2101", "2114")
    assert routing.prefixes(["211421", "210000"]) == ("21",)
    assert routing.prefixes([]) == ()


# --- keywords


def guessed(text, *keywords, emphasis=""):
    return routing.guess_category(text, routing.word_book(Keyword(*one) for one in keywords), emphasis=emphasis)


def test_the_category_whose_words_weigh_most_is_guessed_with_its_words():
    found = guessed("暖气不热，室温低", ("暖气", "0401", 3), ("不热", "0401", 3), ("室温", "0501", 5))
    assert (found.category, found.score, found.words, found.others) == ("0401", 6, ("不热", "暖气"), ("0501",))


def test_a_word_inside_a_longer_known_word_does_not_count():
    assert guessed("天天收到垃圾短信", ("垃圾", "0604", 9), ("垃圾短信", "1706", 3)).category == "1706"


def test_a_shorter_word_still_counts_where_it_stands_alone():
    found = guessed("垃圾短信太多，门口垃圾也多", ("垃圾", "0604", 9), ("垃圾短信", "1706", 3))
    assert (found.category, found.others) == ("0604", ("1706",))


def test_words_of_third_level_categories_count_together_and_the_heaviest_of_them_is_named():
    found = guessed(
        "工地拖欠农民工工资，老板跑了",
        ("农民工", "100101", 4),
        ("老板", "100102", 3),
        ("工地", "0701", 6),
    )
    assert (found.category, found.score) == ("100101", 7)


def test_a_tie_goes_to_the_lower_code_and_repetition_does_not_count():
    assert guessed("甲乙和丙丁，甲乙，甲乙", ("丙丁", "0101", 3), ("甲乙", "0201", 3)).category == "0101"


def test_words_in_the_title_count_twice():
    rows = [("停水", "0501", 4), ("噪声", "0701", 5)]
    assert guessed("停水和噪声", *rows).category == "0701"
    assert guessed("停水和噪声", *rows, emphasis="停水三天").category == "0501"


@pytest.mark.parametrize("text", ["", "学", "学校", "与此无关的话", "😀" * 50])
def test_no_words_or_only_faint_ones_give_no_guess(text):
    assert guessed(text, ("学校", "1301", 1), ("老师", "1304", 1)) is None


def test_latin_letters_match_in_any_case():
    assert guessed("楼下ktv太吵", ("KTV", "070102", 5)).category == "070102"


words = st.text("停水电噪声暖气", min_size=2, max_size=4)


@given(
    st.text("停水电噪声暖气不热", max_size=40),
    st.lists(st.tuples(words, st.sampled_from(["0501", "0701"])), max_size=8),
)
def test_every_word_that_spoke_stands_in_the_text(text, pairs):
    found = guessed(text, *[(word, category, 3) for word, category in dict(pairs).items()])
    if found:
        assert all(word in text for word in found.words)
        assert found.score >= 3


def test_five_thousand_duties_and_fifteen_hundred_words_cost_well_under_a_millisecond_a_case():
    rows = [
        duty(number, f"{number % 21 + 1:02d}{number % 9 + 1:02d}", f"21{number % 14 + 1:02d}{number % 30:02d}")
        for number in range(5000)
    ]
    book = routing.duty_book(rows)
    vocabulary = routing.word_book(
        Keyword(chr(0x4E00 + n) + chr(0x4E00 + n * 7 % 3000) + "费", "0101", 3) for n in range(1500)
    )
    text = "我们小区停水三天了，物业公司不管，打电话也没有人接，请有关部门尽快解决。" * 8  # about 300 characters
    began = time.perf_counter()
    for _time in range(200):
        routing.match_duty("100101", "211421113", book, DAY)
        routing.guess_category(text, vocabulary)
    assert (time.perf_counter() - began) / 200 < 0.002
