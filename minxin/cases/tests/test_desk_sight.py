"""Who sees which case on the desk: in queues, counts, lists, search, sheets, pages and files, role by role."""

import pytest

from minxin.cases.actions import centre, filing, reading
from minxin.cases.models import Case, Custodian, Reading
from minxin.cases.models.case import id_of
from minxin.cases.reports import desk as lists
from minxin.cases.rules import codes, desk
from minxin.cases.tests import desk_cast as cases
from minxin.directory.rules import CITIZEN
from minxin.kernel.errors import Absent

pytestmark = pytest.mark.django_db


@pytest.fixture
def network(cast):
    """Cases at every place: new, dispatched, at work, waiting for signatures, for review, sealed, elsewhere."""
    return {
        "filed": cases.filed("filed", title="新来的件"),
        "sent": cases.dispatched(cast, "sent"),
        "work": cases.handled(cast, "work"),
        "sign": cases.submitted(cast, "sign"),
        "review": cases.reviewed(cast, "review"),
        "sealed": cases.filed("sealed", kind=codes.Kind.REPORT, title="举报密语", consents=False,
                              respondent_id=cast.units["suizhong_finance"].id),
        "elsewhere": cases.filed("elsewhere", region="210102", title="沈阳的件"),
    }  # fmt: skip


def everybody(cast):
    return sorted(cast.officers)


def test_every_queue_holds_only_what_its_officer_may_see_and_counts_the_same(cast, network):
    for officer in cast.officers.values():
        visible = set(Case.objects.visible_to(officer).values_list("pk", flat=True))
        counted = {row.queue.code: row.number for row in lists.counts(officer)}
        for queue in desk.queues_of(officer):
            keys = list(lists.source(queue, officer).values_list("case_key", flat=True))
            assert set(keys) <= visible, (officer.label, queue.code)
            assert counted[queue.code] == len(keys)
            assert len(lists.inbox(officer, queue).rows) == len(set(keys))


def test_the_list_of_everything_is_exactly_what_may_be_seen(cast, network):
    for officer in cast.officers.values():
        visible = set(Case.objects.visible_to(officer).values_list("pk", flat=True))
        listed = {id_of(row.ref) for row in lists.listing(officer, lists.Filters(state="all")).rows}
        sheet = {id_of(row.ref) for row in lists.exported(officer, lists.Filters(state="all"))}
        assert listed == sheet == visible, officer.label


EXPECTED = {
    "filed": {"suizhong_editor": "accept"},
    "sent": {"suizhong_education_clerk": "to_sign", "suizhong_education_head": "to_sign"},
    "work": {"suizhong_education_clerk": "handling"},
    "sign": {"suizhong_education_head": "sign", "suizhong_education_clerk": "signing"},
    "review": {"suizhong_reviewer": "review"},
    "sealed": {"city_discipline_discipline": "sealed"},
}


def test_each_case_waits_in_the_queue_of_whoever_must_act(cast, network):
    for name, places in EXPECTED.items():
        for username, code in places.items():
            refs = [row.ref for row in lists.inbox(cast.officers[username], desk.BY_CODE[code]).rows]
            assert network[name] in refs, (username, code)


def test_a_sealed_report_exists_for_its_custodians_alone(cast, network):
    ref = network["sealed"]
    custodians = set(Custodian.objects.filter(case=id_of(ref)).values_list("post_id", flat=True))
    knows = [name for name, post in cast.posts.items() if post in custodians]
    assert knows == ["city_discipline_discipline"]
    for name in everybody(cast):
        if name not in knows:
            assert_unknown(ref, cast.officers[name])
    accused_and_above = ["suizhong_finance_head", "suizhong_finance_clerk", "city_finance_head", "huludao_editor"]
    for name in {*cases.of_every_role(cast), *accused_and_above} - set(knows):
        browser = cases.signed_in(cast, name)
        assert browser.get(f"/desk/cases/{ref}/").status_code == 404, name
        assert browser.get(f"/desk/cases/{ref}/print/").status_code == 404, name
        assert browser.post(f"/desk/cases/{ref}/identity/").status_code == 404, name
        assert browser.post(f"/desk/cases/{ref}/accept/").status_code == 404, name
        for address in ("/desk/", f"/desk/search/?q={ref}", "/desk/search/?q=举报密语", "/desk/cases/?state=all",
                        "/desk/cases/export/?state=all"):  # fmt: skip
            answer = browser.get(address)
            assert ref not in answer.text.replace(f'value="{ref}"', "") or "q=" in address, (name, address)
            assert f"/desk/cases/{ref}/" not in answer.text, (name, address)
    page = cases.signed_in(cast, knows[0]).get(f"/desk/cases/{ref}/")
    assert page.status_code == 200
    assert "密封举报" in page.text


def assert_unknown(ref, officer):
    """No report and no reading knows the case: what every page of this officer is made of."""
    with pytest.raises(Absent):
        reading.read(ref, by=officer)
    with pytest.raises(Absent):
        reading.open_identity(ref, by=officer)
    key = id_of(ref)
    assert not Case.objects.visible_to(officer).filter(pk=key).exists()
    for words in (ref, "举报密语"):
        assert not lists.listing(officer, lists.Filters(q=words, state="all")).rows
    assert ref not in {row.ref for row in lists.exported(officer, lists.Filters(state="all"))}
    for queue in desk.queues_of(officer):
        assert ref not in {row.ref for row in lists.inbox(officer, queue).rows}, queue.code


def test_not_even_a_head_accused_nor_the_three_administrators_count_a_sealed_report(cast, network):
    for name in ("suizhong_finance_head", "city_finance_head", "province_system_admin", "province_security_admin",
                 "province_auditor", "province_observer", "huludao_editor", "city_discipline_head"):  # fmt: skip
        with pytest.raises(Absent):
            centre.accept(network["sealed"], by=cast.officers[name])
        assert not any(row.queue.source == "sealed" and row.number for row in lists.counts(cast.officers[name]))


def test_a_unit_reads_the_digest_and_never_the_original_or_the_identity(cast):
    ref = cases.dispatched(cast)
    page = cases.signed_in(cast, "suizhong_education_clerk").get(f"/desk/cases/{ref}/")
    assert "绥中县一名教师反映" in page.text
    assert cases.SECRET not in page.text
    assert "某老师" not in page.text
    assert "13800001234" not in page.text


def test_a_unit_reads_the_original_when_the_complainant_shares_his_identity(cast):
    ref = cases.dispatched(cast, shares_identity=True)
    browser = cases.signed_in(cast, "suizhong_education_clerk")
    assert cases.SECRET in browser.get(f"/desk/cases/{ref}/").text
    assert "某老师" not in browser.get(f"/desk/cases/{ref}/").text
    browser.post(f"/desk/cases/{ref}/identity/")
    assert "某老师" in browser.get(f"/desk/cases/{ref}/").text


def test_the_identity_is_shown_to_the_centre_only_after_a_recorded_act(cast):
    ref = cases.filed()
    browser = cases.signed_in(cast, "suizhong_editor")
    assert "13800001234" not in browser.get(f"/desk/cases/{ref}/").text
    assert not Reading.objects.filter(case_id=id_of(ref), what="identity").exists()
    browser.post(f"/desk/cases/{ref}/identity/")
    assert Reading.objects.filter(case_id=id_of(ref), what="identity").count() == 1
    assert "13800001234" in browser.get(f"/desk/cases/{ref}/").text
    assert "13800001234" not in cases.signed_in(cast, "huludao_editor").get(f"/desk/cases/{ref}/").text


def test_a_unit_that_may_not_know_is_refused_the_identity(cast):
    ref = cases.dispatched(cast)
    answer = cases.signed_in(cast, "suizhong_education_clerk").post(f"/desk/cases/{ref}/identity/")
    assert answer.status_code == 403
    assert not Reading.objects.filter(what="identity").exists()


def test_another_units_case_does_not_exist(cast):
    ref = cases.dispatched(cast)
    for name in ("nanpiao_finance_clerk", "suizhong_finance_head", "shenyang_editor", "city_finance_clerk"):
        browser = cases.signed_in(cast, name)
        assert browser.get(f"/desk/cases/{ref}/").status_code == 404
        assert browser.get("/desk/search/", {"q": "教师"}).text.count(ref) == 0


def test_every_reading_is_recorded_once_in_ten_minutes(cast):
    ref = cases.filed()
    browser = cases.signed_in(cast, "suizhong_editor")
    for _time in range(3):
        browser.get(f"/desk/cases/{ref}/")
    rows = Reading.objects.filter(case_id=id_of(ref), what="case")
    assert [row.label for row in rows] == [cast.officers["suizhong_editor"].label]


def test_a_sheet_holds_visible_rows_only_and_is_recorded_on_each(cast, network):
    answer = cases.signed_in(cast, "suizhong_education_clerk").get("/desk/cases/export/?state=all")
    assert answer["Content-Type"].startswith("text/csv")
    assert network["work"] in answer.text
    assert network["filed"] not in answer.text
    assert network["sealed"] not in answer.text
    assert Reading.objects.filter(case_id=id_of(network["work"]), what="export").count() == 1


def test_attachments_are_downloads_in_a_sandbox_and_follow_the_original(cast):
    from minxin.cases.rules.filing import Upload
    from minxin.kernel import files

    with files.using(files.Memory()):
        receipt = filing.file(cases.draft(), key="a", by=CITIZEN, uploads=[Upload("条.txt", "工资条".encode())])
        ref = receipt.ref
        kept = Case.objects.get(pk=id_of(ref)).attachments.get()
        answer = cases.signed_in(cast, "suizhong_editor").get(f"/desk/cases/{ref}/files/{kept.ref}/")
        assert b"".join(answer.streaming_content) == "工资条".encode()
        assert answer["Content-Disposition"].startswith("attachment")
        assert answer["Content-Security-Policy"].startswith("sandbox")
        assert answer["X-Content-Type-Options"] == "nosniff"
        editor, dispatcher = cast.officers["suizhong_editor"], cast.officers["suizhong_dispatcher"]
        centre.accept(ref, by=editor)
        centre.condense(ref, title="工资", digest="工资被拖欠。", by=editor)
        centre.classify(ref, category=cases.category(), by=editor)
        centre.dispatch(ref, unit="211421-JYJ", by=dispatcher)
        clerk = cases.signed_in(cast, "suizhong_education_clerk")
        assert clerk.get(f"/desk/cases/{ref}/files/{kept.ref}/").status_code == 404
        assert "条.txt" not in clerk.get(f"/desk/cases/{ref}/").text


def test_nobody_sees_a_page_of_the_desk_without_signing_in(client, cast):
    ref = cases.filed()
    for address in ("/desk/", "/desk/cases/", f"/desk/cases/{ref}/", "/desk/enter/", "/desk/supervision/",
                    "/desk/minute/", "/desk/cases/export/", "/desk/cases/units/?q=a"):  # fmt: skip
        answer = client.get(address)
        assert answer.status_code == 302, address
        assert "/account/login/" in answer["Location"]
