"""查进度, as a browser without script does it."""

import re
from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from minxin.cases.actions import centre, unit
from minxin.cases.models import Attachment, Case, Message, Rating, SlipRow, snapshot
from minxin.cases.tests import public_cast
from minxin.kernel import clocks, files

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _store(cast):
    snapshot.forget()
    with files.using(files.Memory()):
        yield


def opened(client: Client, case: public_cast.Filed) -> str:
    answer = client.post("/track/", {"ref": case.ref, "code": case.code})
    assert answer.status_code == 302, answer.content.decode()
    assert case.code not in answer["Location"] + "".join(cookie.value for cookie in answer.cookies.values())
    return client.get("/track/").content.decode()


def test_number_and_code_open_the_case_and_the_cookie_is_for_the_track_only(client, cast):
    case = public_cast.filed()
    answer = client.post("/track/", {"ref": case.ref.lower(), "code": f"{case.code[:4].lower()} {case.code[4:]}"})
    cookie = answer.cookies["minxin_track"]
    assert (cookie["path"], cookie["httponly"], cookie["max-age"], cookie["samesite"]) == ("/track/", True, 1800, "Lax")
    page = client.get("/track/").content.decode()
    assert case.ref in page
    assert "拖欠工资 429 元" in page
    assert "这个日期是怎么算的" in page
    assert case.code not in page


@pytest.mark.parametrize(
    ("ref", "code"),
    [
        ("", ""),
        ("MX2026-0000001-1", "AAAAAAAA"),
        ("<script>", "\x00\x00"),
        ("x" * 500, "y" * 500),
        ("MX", "\u202e\u202e"),
    ],
)
def test_wrong_number_or_code_opens_nothing_and_keeps_what_was_typed(client, cast, ref, code):
    answer = client.post("/track/", {"ref": ref, "code": code})
    assert answer.status_code == 422
    assert "minxin_track" not in answer.cookies
    assert "<script>" not in answer.content.decode().replace("<script src", "")


def test_a_wrong_code_for_a_real_case_is_told_like_a_case_that_does_not_exist(client, cast):
    case = public_cast.filed()
    wrong = client.post("/track/", {"ref": case.ref, "code": "AAAAAAAA"}).content.decode()
    assert "编号或查询码不对" in wrong
    assert "拖欠工资" not in wrong


def test_after_half_an_hour_or_when_left_the_case_is_closed_again(client, cast):
    case = public_cast.filed()
    opened(client, case)
    assert client.post("/track/leave/").status_code == 302
    assert case.ref not in client.get("/track/").content.decode()
    client.cookies["minxin_track"] = "1:forged:signature"
    answer = client.post("/track/add/", {"body": "补充的话不能丢"})
    assert answer.status_code == 403
    assert "补充的话不能丢" in answer.content.decode()


def test_the_complainant_adds_urges_and_takes_back(client, cast):
    case = public_cast.filed()
    assert "补充情况" in opened(client, case)
    with_file = {"body": "又欠了一个月", "files": SimpleUploadedFile("证明.txt", "证明".encode())}
    assert client.post("/track/add/", with_file).status_code == 302
    assert Message.objects.get().body == "又欠了一个月"
    assert Attachment.objects.get().from_citizen
    assert client.post("/track/urge/", {"body": "请快一点"}).status_code == 302
    assert SlipRow.objects.filter(slip="urge").count() == 1
    again = client.post("/track/urge/", {"body": "再催一次"})
    assert again.status_code == 422
    assert "今天已经催办过" in again.content.decode()
    assert "再催一次" in again.content.decode()
    assert client.post("/track/withdraw/", {"reason": "解决了"}).status_code == 422
    assert client.post("/track/withdraw/", {"reason": "解决了", "sure": "on"}).status_code == 302
    assert Case.objects.get().stage == "withdrawn"


def test_a_file_waits_when_the_words_are_missing(client, cast):
    opened(client, public_cast.filed())
    answer = client.post("/track/add/", {"body": "", "files": SimpleUploadedFile("证明.txt", "证明".encode())})
    assert answer.status_code == 422
    page = answer.content.decode()
    assert "证明.txt" in page
    ref = re.search(r'name="tray" value="(\w+)"', page)[1]
    assert client.post("/track/add/", {"body": "补上", "tray": ref}).status_code == 302
    assert Attachment.objects.count() == 1


def test_a_question_is_shown_and_answered(client, cast):
    case = public_cast.filed()
    centre.ask_supplement(case.ref, question="请写明学校名称。", by=cast.officers["suizhong_editor"])
    assert "请写明学校名称" in opened(client, case)
    assert client.post("/track/supply/", {"body": "高台中学"}).status_code == 302
    assert Case.objects.get().stage == "filed"


def test_the_answer_both_views_and_three_questions(client, cast):
    case = public_cast.answered(cast, at=clocks.now() - timedelta(days=3))
    page = opened(client, case)
    assert public_cast.ANSWER[:20] in page
    assert "不属实" in page
    assert "还没有评价" in page
    bad = client.post("/track/rate/", {"contacted": "yes", "solved": "no", "satisfaction": "1", "comment": "太慢"})
    assert bad.status_code == 422
    assert "请选择不满意的原因" in bad.content.decode()
    assert "太慢" in bad.content.decode()
    given = {"contacted": "yes", "solved": "yes", "satisfaction": "5"}
    assert client.post("/track/rate/", given).status_code == 302
    assert Rating.objects.get().satisfaction == 5
    assert "非常满意" in client.get("/track/").content.decode()
    redo = client.post("/track/request_redo/", {"reason": "又欠了"})
    assert redo.status_code == 302
    assert Case.objects.get().stage == "reassess"


def test_what_is_not_allowed_now_is_refused_with_its_sentence(client, cast):
    opened(client, public_cast.filed())
    answer = client.post("/track/rate/", {"contacted": "yes", "solved": "yes", "satisfaction": "5"})
    assert answer.status_code == 422
    assert client.post("/track/accept/", {}).status_code == 404
    assert client.post("/track/dispatch/", {}).status_code == 404


@pytest.mark.parametrize("value", ["<script>x</script>", "\x00\x08", "\u202e反", "长" * 50_000, "%s {{ x }}"])
@pytest.mark.parametrize("verb", ["add", "urge", "withdraw"])
def test_hostile_words_never_fail(client, cast, verb, value):
    opened(client, public_cast.filed())
    answer = client.post(f"/track/{verb}/", {"body": value, "reason": value, "sure": "on", "tray": value})
    assert answer.status_code in {302, 422}
    assert "<script>x" not in answer.content.decode()


def test_a_file_comes_as_a_download_in_a_sandbox_and_to_its_owner_only(client, cast):
    opened(client, public_cast.filed())
    client.post("/track/add/", {"body": "材料", "files": SimpleUploadedFile("证明.txt", b"<script>1</script>")})
    ref = Attachment.objects.get().ref
    answer = client.get(f"/track/files/{ref}/")
    assert b"".join(answer.streaming_content) == b"<script>1</script>"
    assert answer["Content-Disposition"].startswith("attachment; filename*=UTF-8''%E8")
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in answer["Content-Security-Policy"]
    assert Client().get(f"/track/files/{ref}/").status_code == 404
    stranger = Client()
    opened(stranger, public_cast.filed(key="k2"))
    assert stranger.get(f"/track/files/{ref}/").status_code == 404


def test_a_sealed_report_tells_its_filer_nothing_of_who_handles_it(client, cast):
    case = public_cast.report(respondent_id=cast.units["suizhong_finance"].id)
    page = opened(client, case)
    assert "密封举报" in page
    assert "纪律检查委员会" not in page


def test_the_page_costs_the_same_for_one_step_and_for_many(client, cast, django_assert_max_num_queries):
    case = public_cast.filed()
    opened(client, case)
    with django_assert_max_num_queries(16):
        client.get("/track/")
    for number in range(25):
        client.post("/track/add/", {"body": f"第 {number} 次补充"})
    with django_assert_max_num_queries(16):
        page = client.get("/track/").content.decode()
    assert "第 24 次补充" in page


def test_the_track_shows_the_unit_and_the_pause_while_it_waits(client, cast):
    moment = clocks.now() - timedelta(hours=2)
    case = public_cast.filed(at=moment)
    by = cast.officers
    with clocks.at(moment):
        centre.accept(case.ref, by=by["huludao_editor"])
        centre.condense(case.ref, title="拖欠", digest="拖欠工资。", by=by["huludao_editor"])
        centre.classify(case.ref, category="1601", by=by["huludao_editor"])
        centre.dispatch(case.ref, unit="211421-CZJ", by=by["huludao_dispatcher"])
        unit.sign_for(case.ref, by=by["suizhong_finance_clerk"])
        unit.ask(case.ref, question="是哪几个月？", by=by["suizhong_finance_clerk"])
    page = opened(client, case)
    assert "绥中县财政局" in page
    assert "是哪几个月" in page
    assert "暂停计时" in page
