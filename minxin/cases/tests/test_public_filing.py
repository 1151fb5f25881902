"""我要反映, as a browser without script does it."""

import re
from datetime import timedelta

import altcha
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client, override_settings

from minxin.cases.actions import tray
from minxin.cases.models import Attachment, Case, Filing, TrayFile, snapshot
from minxin.cases.models.case import id_of
from minxin.cases.reports import question
from minxin.cases.tests import public_cast
from minxin.kernel import clocks, files

pytestmark = pytest.mark.django_db
ANSWERS = {
    "kind": "complaint",
    "title": "学校拖欠三个月课时费",
    "text": "九月起没有发课时费，\n找过校长两次。",
    "occurred_on": "2026-09-01",
    "city": "211400",
    "county": "211421",
    "unit": "211421-CZJ",
    "respondent_name": "人事科",
    "wanted": "补发",
    "amount": "1,200 元",
    "identity": "contact",
    "name": "某老师",
    "phone": "138 0000 1234",
    "consents": "on",
}
HOSTILE = {
    "html": "<script>alert(1)</script><b>粗</b>",
    "control": "课时\x00费\x07\x1b[31m",
    "marks": "\u202e倒着写\u200b的字\ufeff",
    "emoji": "👩‍🏫🎉" * 20,
    "percent": "%s %(x)s {0} {{ x }} {% if %}",
    "sql": "'; DROP TABLE cases_case; --",
    "long": "长" * 40_000,
}


@pytest.fixture(autouse=True)
def _open(cast, settings):
    settings.MINXIN_OPEN_FILING = True
    snapshot.forget()
    with files.using(files.Memory()):
        yield


def hidden(page: str) -> dict[str, str | list[str]]:
    """Every input of the filing form as a browser would send it back."""
    form = page[page.index('class="form filing"') :]
    found: dict[str, list[str]] = {}
    for tag in re.findall(r"<input[^>]*>", form[: form.index("</form>")]):
        if 'type="file"' in tag or (re.search(r'type="(radio|checkbox)"', tag) and " checked" not in tag):
            continue
        name, value = re.search(r'name="([^"]*)"', tag), re.search(r'value="([^"]*)"', tag, re.DOTALL)
        if name:
            found.setdefault(name[1], []).append(html_of(value[1]) if value else "")
    return {name: values if name == "tray" else values[-1] for name, values in found.items()}


def html_of(text: str) -> str:
    import html

    return html.unescape(text)


def walk(client: Client, answers: dict[str, str], *, to: str = "check", **first) -> tuple[str, dict]:
    """Answer question after question; the last page and what its form holds."""
    page = client.get("/file/", first).content.decode()
    steps = ["kind", "what", "where", "whom", "category", "wish", "who", "check"]
    shown = {
        "kind": ["kind"],
        "what": ["title", "text", "occurred_on", "place"],
        "where": ["city", "county"],
        "whom": ["unit", "respondent_name"],
        "category": ["category"],
        "wish": ["wanted", "amount"],
        "who": ["identity", "name", "phone", "email", "consents", "shares_identity", "restricted", "shows_name"],
    }
    for step in steps[: steps.index(to)]:
        data = hidden(page) | {name: answers[name] for name in shown[step] if name in answers} | {"go": "next"}
        assert data["step"] == step
        if step == "where":
            data["asked"] = "1"
        answer = client.post("/file/", data)
        assert answer.status_code == 200, answer.content.decode()[:3000]
        page = answer.content.decode()
    return page, hidden(page)


def test_a_complaint_is_filed_question_by_question_and_its_receipt_survives_a_reload(client):
    page, data = walk(client, ANSWERS)
    assert "学校拖欠三个月课时费" in page
    assert data["text"] == "九月起没有发课时费，\n找过校长两次。"
    answer = client.post("/file/", data | {"go": "next"})
    assert (answer.status_code, answer["Location"]) == (302, "/file/receipt/")
    first, second = (client.get("/file/receipt/").content.decode() for _ in range(2))
    ref = re.search(r"MX\d{4}-\d{7}-\d", first)[0]
    code = re.search(r"<dd>([A-Z0-9]{4} [A-Z0-9]{4})</dd>", first)[1]
    assert ref in second
    assert code in second
    case = Case.objects.get(pk=id_of(ref))
    assert (case.region, case.respondent.code, case.amount_fen, case.consents) == (
        "211421",
        "211421-CZJ",
        120_000,
        True,
    )
    assert case.filing.respondent_name == "人事科"
    assert Case.objects.count() == 1


def test_the_receipt_is_nobody_elses_and_its_code_is_in_no_address(client):
    _page, data = walk(client, ANSWERS)
    answer = client.post("/file/", data | {"go": "next"})
    cookie = answer.cookies["minxin_receipt"]
    assert cookie["httponly"]
    assert cookie["path"] == "/file/receipt/"
    code = re.search(r"<dd>([A-Z0-9]{4}) ", client.get("/file/receipt/").content.decode())[1]
    assert code not in answer["Location"] + cookie.value
    assert Client().get("/file/receipt/").status_code == 404


def test_a_double_click_makes_one_case(client):
    _page, data = walk(client, ANSWERS)
    refs = set()
    for _ in range(2):
        client.post("/file/", data | {"go": "next"})
        refs.add(re.search(r"MX\d{4}-\d{7}-\d", client.get("/file/receipt/").content.decode())[0])
    assert len(refs) == 1
    assert Case.objects.count() == 1


def test_the_same_form_with_another_text_asks_before_it_makes_a_second_case(client):
    _page, data = walk(client, ANSWERS)
    client.post("/file/", data | {"go": "next"})
    again = client.post("/file/", data | {"go": "next", "text": "另一件事，改过的内容。"})
    assert again.status_code == 409
    assert "查进度" in again.content.decode()
    assert client.post("/file/", hidden(again.content.decode()) | {"go": "next"}).status_code == 302
    assert Case.objects.count() == 2


def test_going_back_loses_nothing(client):
    _page, data = walk(client, ANSWERS, to="who")
    page = client.post("/file/", data | {"go": "back", "name": "某老师"}).content.decode()
    assert 'value="1,200 元"' in page
    assert hidden(page)["name"] == "某老师"
    assert hidden(page)["text"] == ANSWERS["text"]


def test_files_stay_through_faults_and_are_filed_without_their_place(client):
    page, data = walk(client, ANSWERS, to="wish")
    one = SimpleUploadedFile("合同.txt", "合同".encode())
    answer = client.post("/file/", data | {"go": "next", "amount": "很多", "files": one})
    assert answer.status_code == 422
    page = answer.content.decode()
    assert "合同.txt" in page
    assert "请用数字填写金额" in page
    page = client.post("/file/", hidden(page) | {"go": "next", "amount": "5"}).content.decode()
    page = client.post("/file/", hidden(page) | {"go": "next", "identity": "anonymous"}).content.decode()
    assert client.post("/file/", hidden(page) | {"go": "next"}).status_code == 302
    assert Attachment.objects.get().name == "合同.txt"
    assert tray.sweep(before=clocks.now() + timedelta(seconds=1)) == 1
    assert not TrayFile.objects.exists()


def test_a_file_of_no_accepted_kind_is_named_and_the_others_wait(client):
    _page, data = walk(client, ANSWERS, to="wish")
    bad = SimpleUploadedFile("程序.exe", b"MZ\x90\x00")
    answer = client.post("/file/", data | {"go": "next", "files": bad})
    assert answer.status_code == 422
    assert "程序.exe" in answer.content.decode()
    assert TrayFile.objects.count() == 0


def test_a_file_can_be_taken_out_again(client):
    _page, data = walk(client, ANSWERS, to="wish")
    page = client.post("/file/", data | {"go": "again", "files": SimpleUploadedFile("a.txt", b"a")}).content.decode()
    (ref,) = hidden(page)["tray"]
    page = client.post("/file/", hidden(page) | {"go": f"drop:{ref}"}).content.decode()
    assert "tray" not in hidden(page)


@pytest.mark.parametrize(
    ("answers", "step", "sentence"),
    [
        ({"kind": "nonsense"}, "kind", "您要反映的是哪一类"),
        ({"title": ""}, "what", "请填写这一项"),
        ({"text": "  \n "}, "what", "请填写这一项"),
        ({"occurred_on": "2999-01-01"}, "what", "不能晚于今天"),
        ({"occurred_on": "昨天"}, "what", "年-月-日"),
        ({"county": "999999"}, "where", "有效的选项"),
        ({"unit": "NO-SUCH"}, "whom", "单位"),
        ({"category": "99"}, "category", "类"),
        ({"amount": "-5"}, "wish", "大于零"),
        ({"amount": "1.234"}, "wish", "两位小数"),
        ({"phone": "12"}, "who", "电话"),
        ({"phone": "", "name": ""}, "who", "请留下电话或邮箱"),
        ({"email": "nobody", "phone": ""}, "who", "邮箱地址"),
        ({"shows_name": "on", "name": ""}, "who", "请先填写姓名"),
    ],
)
def test_what_is_wrong_is_said_at_its_field_and_everything_stays(client, answers, step, sentence):
    _page, data = walk(client, ANSWERS)
    answer = client.post("/file/", data | answers | {"go": "next"})
    page = answer.content.decode()
    assert answer.status_code == 422
    assert f'name="step" value="{step}"' in page
    assert 'aria-invalid="true"' in page
    assert sentence in page
    kept = {"人事科", "补发"} & {value for name, value in hidden(page).items() if isinstance(value, str)}
    assert kept
    assert Case.objects.count() == 0


@pytest.mark.parametrize("name", ["kind", "title", "text", "place", "occurred_on", "county", "unit", "category",
                                  "wanted", "amount", "identity", "name", "phone", "email", "respondent_name", "key",
                                  "step", "tray", "about_ref", "go"])  # fmt: skip
@pytest.mark.parametrize("value", HOSTILE.values(), ids=HOSTILE.keys())
def test_hostile_values_never_fail_and_never_become_markup(client, name, value):
    data = ANSWERS | {"step": "check", "key": "k" * 32, "go": "next", name: value}
    answer = client.post("/file/", data)
    assert answer.status_code in {200, 302, 409, 422}
    assert "<script>alert" not in answer.content.decode()


def test_ten_megabytes_of_text_come_back_whole(client):
    text = "十兆" * 1_700_000
    answer = client.post("/file/", ANSWERS | {"step": "what", "key": "k" * 32, "go": "next", "text": text})
    assert answer.status_code == 422
    assert text in answer.content.decode()
    assert "最多可以写 10000 个字" in answer.content.decode()


def test_a_thousand_fields_and_broken_multipart_are_refused_politely(client):
    many = client.post("/file/", {f"f{n}": "x" for n in range(1000)})
    assert many.status_code in {400, 413}
    broken = client.post("/file/", b"--x\r\nbroken", content_type="multipart/form-data; boundary=")
    assert broken.status_code == 400


def test_a_unit_a_kind_and_a_published_figure_can_come_with_the_address(client):
    page = client.get(
        "/file/", {"unit": "211421-CZJ", "kind": "enquiry", "about": "2026 年预算 <3>", "about_digest": "ab12"}
    ).content.decode()
    assert "2026 年预算 &lt;3&gt;" in page
    data = hidden(page)
    assert (data["unit"], data["county"], data["kind"]) == ("211421-CZJ", "211421", "enquiry")
    answer = client.post("/file/", ANSWERS | data | {"step": "check", "go": "next"})
    assert answer.status_code == 302
    assert Filing.objects.get().about_ref == "2026 年预算 <3>"
    assert Filing.objects.get().about_digest == "ab12"


def test_units_and_places_are_found_by_name_without_script(client):
    data = ANSWERS | {"key": "k" * 32, "go": "again"}
    page = client.post("/file/", data | {"step": "whom", "unit_q": "南票 财政"}).content.decode()
    assert 'value="211404-CZJ"' in page
    page = client.post("/file/", data | {"step": "where", "region_q": "兴城"}).content.decode()
    assert "辽宁省葫芦岛市兴城市" in page


def test_a_city_leads_to_its_counties_without_a_fault(client):
    answer = client.post("/file/", {"key": "k" * 32, "step": "where", "go": "next", "city": "211400"})
    assert answer.status_code == 200
    assert 'value="211421"' in answer.content.decode()


def test_a_report_is_told_to_be_sealed_and_asks_for_no_publication(client, cast):
    page, data = walk(client, ANSWERS | {"kind": "report"}, to="who")
    assert "密封举报" in page
    assert 'name="consents"' not in page
    assert "data-draft" not in page
    page = client.post("/file/", data | {"go": "next", "identity": "anonymous"}).content.decode()
    assert client.post("/file/", hidden(page) | {"go": "next"}).status_code == 302
    assert Case.objects.get().lane == "sealed"


def test_similar_public_cases_are_shown_before_and_me_too_keeps_the_form(client, cast):
    shown = public_cast.published(cast, title="学校拖欠教师课时费已补发")
    page, data = walk(client, ANSWERS)
    assert shown.ref in page
    page = client.post("/file/", data | {"go": f"support:{shown.ref}"}).content.decode()
    assert "已记下您的" in page
    assert hidden(page)["text"] == ANSWERS["text"]


@override_settings(MINXIN_OPEN_FILING=False)
def test_without_script_a_small_question_opens_the_door(client, settings):
    settings.MINXIN_OPEN_FILING = False
    moment = clocks.now()
    with clocks.at(moment):
        page, data = walk(client, ANSWERS)
        assert "altcha-widget" in page
        left, right = re.search(r"([一二三四五六七八九])加([一二三四五六七八九])等于几", page).groups()
    total = "一二三四五六七八九".index(left) + "一二三四五六七八九".index(right) + 2
    with clocks.at(moment + timedelta(seconds=1)):
        assert client.post("/file/", data | {"go": "next", "sum": str(total)}).status_code == 422
    with clocks.at(moment + timedelta(seconds=20)):
        wrong = client.post("/file/", data | {"go": "next", "sum": "99"})
        assert wrong.status_code == 422
        assert "答案不对" in wrong.content.decode()
        assert client.post("/file/", data | {"go": "next", "sum": str(total)}).status_code == 302
    assert Case.objects.count() == 1


def test_the_question_knows_figures_in_every_writing_and_only_its_own_form():
    moment = clocks.now()
    with clocks.at(moment):
        asked = question.ask("a")
        signs = "零一二三四五六七八九"
        total = sum(signs.index(sign) for sign in re.findall(f"[{signs}]", asked.words)[:2])
    written = signs[total] if total < 10 else "十" + (signs[total - 10] if total > 10 else "")
    with clocks.at(moment + timedelta(seconds=5)):
        for answer in (str(total), written, f" {total} "):
            question.check(answer, asked.token, "a")
        with pytest.raises(Exception, match="答案不对"):
            question.check(str(total), asked.token, "b")


def test_no_public_page_sets_a_session_or_stores_an_address(client):
    answer = client.get("/file/")
    assert "minxin_desk" not in answer.cookies
    with connection.cursor() as cursor:
        cursor.execute("SELECT string_agg(key, ' ') FROM kernel_ratewindow")
        assert "127.0.0.1" not in (cursor.fetchone()[0] or "")


def test_somebody_who_files_too_often_is_asked_to_wait_and_keeps_everything(client, settings):
    settings.MINXIN_OPEN_FILING = False
    moment = clocks.now().replace(minute=1)
    for number in range(7):
        key = f"{number:032d}"
        with clocks.at(moment):
            asked = question.ask(key)
        signs = "零一二三四五六七八九"
        total = sum(signs.index(sign) for sign in re.findall(f"[{signs}]", asked.words)[:2])
        data = ANSWERS | {"step": "check", "key": key, "go": "next", "question": asked.token, "sum": str(total)}
        with clocks.at(moment + timedelta(seconds=5)):
            answer = client.post("/file/", data)
    assert answer.status_code == 429
    assert hidden(answer.content.decode())["title"] == ANSWERS["title"]
    assert Case.objects.count() == 6
    assert (
        client.post("/file/", ANSWERS | {"step": "check", "key": "z" * 32, "altcha": "bm9uc2Vuc2U="}).status_code == 422
    )


def test_work_done_by_the_browser_opens_the_door(client, settings):
    settings.MINXIN_OPEN_FILING = False
    challenge = altcha.Challenge.from_dict(client.get("/api/v1/altcha").json())
    solved = altcha.Payload(challenge, altcha.solve_challenge(challenge)).to_base64()
    answer = client.post("/file/", ANSWERS | {"step": "check", "key": "w" * 32, "altcha": solved})
    assert answer.status_code == 302
    assert Case.objects.count() == 1
