import unicodedata
from datetime import timedelta

import pytest
from django.db import connection, models
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from minxin.kernel import clocks, identifiers, text
from minxin.kernel.errors import Refused

STORY = "2007年3月7日，绥中县高台中学的一位教师反映：县财政局拖欠工资429元，当天（下午）已到账。GPS定位 ABC-123！"


def matches(stored: str, asked: str) -> bool:
    """Whether PostgreSQL itself finds a stored text by a query."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT to_tsvector('simple', %s) @@ to_tsquery('simple', %s)", [text.bigrams(stored), text.asked(asked)]
        )
        return cursor.fetchone()[0]


@pytest.mark.django_db
def test_every_part_of_a_text_finds_it():
    for start in range(len(STORY)):
        for end in range(start + 2, min(start + 9, len(STORY)) + 1):
            part = STORY[start:end]
            if any(character.isalnum() for character in part):
                assert matches(STORY, part), part


@pytest.mark.django_db
@pytest.mark.parametrize(
    "asked",
    ["拖欠", "工资 绥中", "gps", "ＧＰＳ", "abc 123", "429", "县", "元", "账", "G", "29元", "高台中学的一位教师"],
)
def test_people_find_it_as_they_type(asked):
    assert matches(STORY, asked)


@pytest.mark.django_db
@pytest.mark.parametrize(
    "asked", ["工资拖欠", "欠资", "绥县", "4，29元", "工资 沈阳", "", " ", "，。！", "'", "狗", "台高"]
)
def test_what_is_not_there_is_not_found(asked):
    assert not matches(STORY, asked)


@pytest.mark.django_db
@pytest.mark.parametrize(
    "hostile",
    ["'); DROP TABLE x; --", "a & | ! <-> :* ()", "\\' '' \\\\", "工资' | '绥中", ":*",
     "!!工资", "<2>", "%_\x00", "😀工资😀", "\u202e工资",
                "ﬁ Ⅳ ㎡", "西藏 བོད་ Қазақ ئۇيغۇر 한국", "٣٤٥", "工" * 5000, "𠀀𠀁𠀂"],
)  # fmt: skip
def test_hostile_questions_are_only_questions(hostile):
    assert matches(STORY, hostile) in {True, False}
    if any(character.isalnum() for character in hostile):
        assert matches(f"前文，{hostile}，后文", hostile)


@pytest.mark.django_db
def test_every_letter_and_digit_of_unicode_is_a_lexeme_to_the_parser():
    every = "".join(chr(n) for n in range(0x110000) if not 0xD800 <= n < 0xE000)
    kept = sorted(set(text._compared(every)) - {" "})
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT c FROM unnest(%s::text[]) c WHERE to_tsvector('simple', c)::text <> format('''%%s'':1', c)", [kept]
        )
        assert cursor.fetchall() == []
    assert len(kept) > 90_000


@pytest.mark.django_db
def test_a_very_long_text_is_stored_and_found_by_its_first_sixteen_thousand_letters():
    letters = [chr(0x4E00 + n) for n in range(20_000)]
    long = "，".join("".join(letters[n:] + letters[:n]) for n in range(6))
    assert matches(long, "".join(letters[16_000:16_010]))
    assert not matches(long, "".join(letters[17_000:17_010]))


@pytest.mark.django_db
def test_every_pair_of_letters_and_digits_is_one_lexeme_to_the_parser():
    letters = "abcdefghijklmnopqrstuvwxyz0123456789工é"
    pairs = [a + b for a in letters for b in letters]
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT p, to_tsvector('simple', p)::text FROM unnest(%s::text[]) p"
            " WHERE to_tsvector('simple', p)::text <> format('''%%s'':1', p)",
            [pairs],
        )
        assert cursor.fetchall() == []


characters = st.characters(categories=["L", "N", "P", "S", "Z", "M"]) | st.sampled_from("工资拖欠绥中a1 ，\n")


@pytest.mark.django_db
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=timedelta(seconds=2))
@given(st.text(characters, min_size=2, max_size=60), st.data())
def test_any_part_of_any_text_finds_it(stored, data):
    start = data.draw(st.integers(0, len(stored) - 2))
    end = data.draw(st.integers(start + 2, len(stored)))
    assume(text.bigrams(stored[start:end]))
    assume(not _cuts(stored, start, end))  # a letter without its combining mark is another letter
    assert matches(stored, stored[start:end])


def _cuts(stored: str, start: int, end: int) -> bool:
    parts = (stored[:start], stored[start:end], stored[end:])
    folded = [unicodedata.normalize("NFKC", part).casefold() for part in (stored, *parts)]
    return folded[0] != "".join(folded[1:])


@pytest.mark.django_db
def test_the_expressions_work_in_a_model_query():
    from minxin.kernel.models import CalendarVersion

    CalendarVersion.objects.create(by="x", why=STORY, made_at=clocks.now())
    rows = CalendarVersion.objects.filter(why=STORY).annotate(
        search=text.vector(STORY, weight="A") + text.vector("标题")
    )
    assert rows.filter(search=text.query("拖欠工资")).count() == 1
    assert rows.filter(search=text.query("工资拖欠")).count() == 0
    ranked = rows.annotate(rank=text.ranking("search", "工资")).values_list("rank", flat=True)
    assert ranked[0] > 0
    assert isinstance(rows.filter(search=text.query("")).count(), int)
    assert isinstance(text.query("x"), models.Expression)


@pytest.mark.parametrize(
    ("words", "marked"),
    [("工资", ["工资"]), ("绥中 429", ["绥中", "429"]), ("ＧＰＳ", ["GPS"]), ("abc 123", ["ABC", "123"]),
     ("当天（下午", ["当天（下午"]),
     (["教师", "师反映"], ["教师反映"]), ("沈阳", []), ("", []), ("！", [])],
)  # fmt: skip
def test_the_words_found_are_marked_and_the_text_is_whole(words, marked):
    pieces = text.highlight(STORY, words)
    assert "".join(piece for piece, _ in pieces) == STORY
    assert [piece for piece, mark in pieces if mark] == marked


@given(st.text(max_size=80), st.text(max_size=10))
def test_marking_never_changes_a_text(stored, words):
    assert "".join(piece for piece, _ in text.highlight(stored, words)) == stored


def test_likeness_is_of_the_words_and_not_of_their_order():
    assert text.similar("拖欠工资", "拖欠工资！") == 1
    assert text.similar("县财政局拖欠教师工资", "财政局拖欠教师的工资") > 0.7
    assert text.similar("拖欠工资", "噪声扰民") == 0
    assert text.similar("", "") == 0


@pytest.mark.parametrize(
    ("typed", "stored"),
    [
        ("  你好\r\n世界\r ", "你好\n世界"),
        ("a\x00b\x1b[31mc\x7f", "ab[31mc"),
        ("\u202e反\u2066转\ufeff", "反转"),
        ("e\u0301", "é"),
        ("👨\u200d👩\u200d👧", "👨\u200d👩\u200d👧"),
        ("\ud800坏", "坏"),
        ("一\t二\u2028三", "一\t二\n三"),
    ],
)
def test_a_text_is_cleaned_and_keeps_what_was_meant(typed, stored):
    assert text.clean(typed, limit=100, field="text") == stored


@given(st.text(alphabet=st.characters(), max_size=200))
def test_a_cleaned_text_is_clean_and_can_be_stored(typed):
    stored = text.clean(typed, limit=1000, field="text")
    assert text.clean(stored, limit=1000, field="text") == stored
    stored.encode()
    assert "\x00" not in stored


@pytest.mark.parametrize("length", [11, 5000, 10_000_000])
def test_a_text_too_long_is_refused_with_both_lengths(length):
    with pytest.raises(Refused) as refusal:
        text.clean("长" * length, limit=10, field="title")
    assert refusal.value.field == "title"
    assert f"最多可以写 10 个字，现在有 {length} 个字，请删减 {length - 10} 个字" in refusal.value.sentence


def test_identities_in_a_text_are_pointed_out():
    story = ("电话13812341234，座机0429-3112345，证件１１０１０５１９４９１２３１００２X，卡号6222 0212 3456 7890 128，"
             "邮箱zhang.san@example.com，房款500000元，日期20070307，编号2026000012345")  # fmt: skip
    found = [(finding.kind, story[finding.start : finding.end], finding.masked) for finding in text.pii(story)]
    card = "6222 0212 3456 7890 128"
    expected = [
        ("phone", "13812341234", "138****1234"),
        ("phone", "0429-3112345", "0429-*****45"),
        ("resident_id", "１１０１０５１９４９１２３１００２X", "110***********002X"),
        ("email", "zhang.san@example.com", "z***@example.com"),
    ]
    assert [row for row in found if row[0] != "bank_card"] == expected
    assert [row[1] for row in found if row[0] == "bank_card"] == (
        [card] if identifiers.luhn(card.replace(" ", "")) else []
    )
    assert [finding.kind for finding in text.pii("卡 6222 0212 3456 7890 9") if finding] in ([], ["bank_card"])
    assert text.pii("4111111111111111")[0].masked == "4111********1111"


@pytest.mark.parametrize("hostile", ["1" * 100_000, "a@" * 50_000, "1 " * 50_000, "a." * 50_000 + "@b"])
def test_looking_for_identities_takes_no_long_time(hostile):
    assert isinstance(text.pii(hostile), list)
