"""The tags and filters: what they draw, and that nothing hostile gets through them."""

import datetime as dt
from decimal import Decimal
from types import SimpleNamespace
from zoneinfo import ZoneInfo

import pytest
from django import forms
from django.template import Context, Template, TemplateSyntaxError
from django.test import RequestFactory
from django.utils import translation
from hypothesis import given
from hypothesis import strategies as st

from minxin.ui import words
from minxin.ui.samples import Sample

ZONE = ZoneInfo("Asia/Shanghai")
HOSTILE = "<img src=x onerror=alert(1)>\"'&"


@pytest.fixture(autouse=True)
def chinese():
    with translation.override("zh-hans"):
        yield


def drawn(source: str, **facts: object) -> str:
    return Template(source).render(Context(facts))


def test_days_and_deadlines_are_said_in_chinese():
    at = dt.datetime(2007, 3, 7, 14, 5, tzinfo=ZONE)
    assert (
        drawn("{{ at|day }} {{ at|month }} {{ at|weekday }} {{ at|moment }}", at=at)
        == "2007年3月7日 2007年3月 星期三 2007年3月7日 14:05"
    )
    assert words.due(at) == "2007年3月7日 星期三 14:05前"
    assert words.due(dt.datetime(2007, 3, 10, tzinfo=ZONE)) == "2007年3月9日 星期五 24时前"
    assert words.due(dt.datetime(2007, 3, 9, 16, 0, tzinfo=dt.UTC)) == "2007年3月9日 星期五 24时前"
    assert words.due(dt.date(2007, 3, 9)) == "2007年3月9日 星期五前"
    assert [f(None) for f in (words.day, words.month, words.weekday, words.moment, words.due)] == ["—"] * 5


def test_money_has_unit_separators_and_two_decimals():
    assert (
        drawn("{{ 42900|yuan }}|{{ 123456789|amount }}|{{ nothing|yuan }}", nothing=None) == "429.00 元|1,234,567.89|—"
    )
    assert [words.wan(fen) for fen in (None, 0, 49_99, 50_00, -1_234_567_890_00)] == [
        "—", "0.00", "0.00", "0.01", "-123,456.79",
    ]  # fmt: skip
    assert [words.large(fen) for fen in (12, 42_900, 600_000_000, 13_000_000_000)] == [
        "0.12 元",
        "429.00 元",
        "600.00 万元",
        "1.30 亿元",
    ]


@given(st.integers(min_value=-(10**16), max_value=10**16))
def test_an_amount_read_back_is_the_same_amount(fen):
    assert Decimal(words.amount(fen).replace(",", "")) * 100 == fen


@pytest.mark.parametrize(
    ("value", "said"),
    [(5, "五星"), (4.5, "四星半"), (Decimal("3.74"), "三星半"), (0.5, "半星"), (0, "无星"), (None, "尚未评星")],
)
def test_stars_are_drawn_and_said(value, said):
    html = drawn("{{ value|stars }}", value=value)
    assert said in html
    assert html.count("<svg") == (0 if value is None else 5)


def test_a_rate_shows_what_it_is_made_of():
    html = drawn("{% percent 13 15 %}")
    assert "86.7%" in html
    assert "13 / 15" in html
    assert "—" in drawn("{% percent 0 0 %}")
    assert words.percent(1, 16) == "6.3%"


@pytest.mark.parametrize("colour", ["green", "amber", "red", "grey", "purple"])
def test_a_lamp_always_has_a_shape_and_a_word(colour):
    html = drawn("{% lamp colour %}", colour=colour)
    assert "#lamp-" in html
    assert any(word in html for word in ("正常", "临期", "超期", "未计时"))


@pytest.mark.parametrize(
    "source",
    [
        "{% lamp 'red' bad %}",
        "{% icon 'file' bad %}",
        "{% crumbs bad bad bad %}",
        "{% stat bad bad href=bad note=bad unit=bad %}",
        "{% empty bad href=bad action=bad %}",
        "{% notice 'bad' title=bad %}{{ bad }}{% endnotice %}",
        "{% dialog bad bad %}{{ bad }}{% enddialog %}",
        "{% table bad bad note=bad %}<tbody><tr><td>{{ bad }}</td></tr></tbody>{% endtable %}",
        "{% chart 'bar' bad title=bad unit=bad %}",
        "{% older bad label=bad %}",
        "{% gauge 1 2 bad bad %}",
        "{% tabs items %}",
        "{% steps labels 1 %}",
        "{% highlight pieces %}",
        "{% proof bad %}",
        "{% include 'ui/parts/track.html' with steps=track %}",
    ],
)
def test_hostile_values_are_escaped_everywhere(source):
    html = drawn(
        source,
        bad=HOSTILE,
        items=[{"label": HOSTILE, "href": HOSTILE}],
        labels=[HOSTILE],
        pieces=[(HOSTILE, True), (HOSTILE, False)],
        track=[{"title": HOSTILE, "unit": HOSTILE, "text": HOSTILE, "state": "now"}],
    )
    assert "<img src=x" not in html
    assert "alert(1)" in html or "alert%281%29" in html


def test_a_gauge_is_never_more_than_full_and_survives_no_limit():
    assert 'width="100.00"' in drawn("{% gauge 17 15 'red' '期限' %}")
    assert 'width="73.33"' in drawn("{% gauge 11 15 %}")
    assert 'width="0.00"' in drawn("{% gauge 3 0 %}")
    assert 'aria-label="期限 17 / 15"' in drawn("{% gauge 17 15 'red' '期限' %}")


def test_pieces_found_are_marked():
    assert drawn("{% highlight pieces %}", pieces=[("拖欠", True), ("工资", False)]) == "<mark>拖欠</mark>工资"


def test_older_keeps_filters_and_ends():
    request = RequestFactory().get("/cases/", {"city": "2114", "before": "9"})
    html = drawn("{% older key %}", key="7&8", request=request)
    assert "?city=2114&amp;before=7%268" in html
    assert "回到最新" in html
    assert "已经到底了" in drawn("{% older none %}", none=None, request=request)


@pytest.mark.parametrize(
    ("path", "here"),
    [("/desk/", True), ("/desk/cases/X/", True), ("/desk/calendar/", False), ("/desk/style/", False)],
)
def test_a_place_of_the_desk_is_current_in_it_and_below_it(path, here):
    request = RequestFactory().get(path)
    html = drawn('{% navlink "desk_home" "inbox" bad also="/desk/cases/ /desk/enter/" %}', bad=HOSTILE, request=request)
    assert html.startswith('<a href="/desk/"')
    assert ('aria-current="page"' in html) is here
    assert "<img src=x" not in html


def test_a_place_that_is_not_served_is_not_shown():
    assert drawn('{% navlink "nowhere" "inbox" "处" %}', request=RequestFactory().get("/desk/")) == ""


def test_piles_of_work_stand_under_their_groups():
    def pile(group, code, number, late):
        queue = SimpleNamespace(group=group, code=code, label=HOSTILE)
        return SimpleNamespace(queue=queue, number=number, late=late, shown=str(number))

    counts = [pile("一", "a", 0, False), pile("一", "b", 3, True), pile("二", "c", 1, False)]
    html = drawn('{% workqueues counts "/desk/cases/" "b" %}', counts=counts)
    assert html.count("<h2") == 2
    assert html.count("<li>") == 3
    assert html.count("queue-count") == 2
    assert '<a href="/desk/cases/?queue=b" aria-current="page">' in html
    assert "is-late" in html.split("queue=c")[0]
    assert "is-late" not in html.split("queue=c")[1]
    assert "<img src=x" not in html


def test_an_unknown_chart_is_refused_when_the_page_is_built():
    with pytest.raises(TemplateSyntaxError):
        drawn("{% chart 'pie' 'rows' %}")


def test_a_field_ties_label_hint_and_fault_to_its_control():
    form = Sample(data={"title": HOSTILE * 3, "text": "短"})
    html = drawn("{% field form.title %}", form=form)
    assert 'for="id_title"' in html
    assert 'aria-describedby="id_title-hint id_title-fault"' in html
    assert 'aria-invalid="true"' in html
    assert 'id="id_title-fault"' in html
    assert "必填" in html
    assert "<img src=x" not in html


def test_a_text_area_counts_and_never_cuts_a_pasted_text():
    html = drawn("{% field form.text %}", form=Sample())
    assert 'data-limit="5000"' in html
    assert "maxlength" not in html
    assert "最多 5,000 字" in html
    assert 'data-counter="id_text"' in html


def test_what_was_typed_wrongly_stays_to_be_seen():
    form = Sample(data={"money": "四百", "on": "三月七日"})
    money, day = drawn("{% field form.money %}", form=form), drawn("{% field form.on %}", form=form)
    assert 'value="四百"' in money
    assert 'type="text"' in money
    assert 'value="三月七日"' in day
    assert 'type="text"' in day
    assert 'type="date"' in drawn("{% field form.on %}", form=Sample())


def test_choices_are_cards_of_the_right_kind():
    form = Sample(data={"kind": "praise", "wishes": ["pay"]})
    radio = drawn("{% field form.kind hints=hints %}", form=form, hints={"praise": "谁做得好"})
    assert radio.count('type="radio"') == 3
    assert 'value="praise" id="id_kind_2" checked' in radio
    assert "谁做得好" in radio
    checks = drawn("{% field form.wishes %}", form=form)
    assert checks.count('type="checkbox"') == 2
    assert "<legend" in checks


def test_every_kind_of_control_renders_with_options():
    form = Sample()
    for name in form.fields:
        html = drawn("{% field field label='标签' hint='提示' hx_get='/x' %}", field=form[name])
        assert "标签" in html
        assert "提示" in html
    assert 'hx-get="/x"' in drawn("{% field form.city hx_get='/x' %}", form=form)


def test_hidden_fields_are_only_their_input():
    class Hidden(forms.Form):
        key = forms.CharField(widget=forms.HiddenInput, initial="k")

    assert (
        drawn("{% field form.key %}", form=Hidden()).strip() == '<input type="hidden" name="key" value="k" id="id_key">'
    )


def test_the_summary_links_to_each_field_and_says_what_to_do():
    form = Sample(data={})
    html = drawn("{% errors form %}", form=form)
    assert 'href="#id_title"' in html
    assert 'href="#id_kind_0"' in html
    assert "请填写这一项。" in html
    assert "请选择一项。" in html
    assert drawn("{% errors form %}", form=Sample()) == ""


def test_a_track_explains_its_due_date_day_by_day():
    from minxin.ui import samples

    html = drawn("{% include 'ui/parts/track.html' with steps=track %}", track=samples.public()["track"])
    assert "2007年3月14日 星期三 24时前" in html
    assert "第 5 天" in html
    assert "星期六、星期日不计" in html
