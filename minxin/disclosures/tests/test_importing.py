"""A year of payments from another treasury system: all of them or none, and every nightly proof holds after it."""

import csv
import io
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError

from minxin.directory.rules import SYSTEM
from minxin.disclosures.actions import balances, flow, importing
from minxin.disclosures.actions.importing import Imported
from minxin.disclosures.models import (
    Allotment,
    BudgetLine,
    Commitment,
    FlowProof,
    LineChange,
    Payee,
    Payment,
    Submission,
)
from minxin.disclosures.models.line import ref_of
from minxin.disclosures.models.payment import PER_YEAR
from minxin.disclosures.rules import templates
from minxin.disclosures.rules.codes import SubmissionStage
from minxin.disclosures.tests.cast import Money
from minxin.disclosures.tests.pipe_rows import NOON, YEAR, Pipe
from minxin.kernel import clocks, refs
from minxin.kernel.errors import Absent, Refused
from minxin.ledger.models import Event

pytestmark = pytest.mark.django_db
COLUMNS = templates.get("payments").sheets[0].columns
Row = dict[str, str]
FIRM = {"payee": "葫芦岛建筑公司", "payee_kind": "企业", "uscc": "91110000600037341L"}


@pytest.fixture
def pipe(money: Money) -> Pipe:
    """Two lines of the school, one of the bureau, their plans issued; a contract of the first line."""
    made = Pipe(money.units["finance"].id)
    for unit, economic in (("school", "30201"), ("school", "30101"), ("education", "30201")):
        line = made.line(money.units[unit].id, economic=economic)
        Allotment.objects.create(
            line=line, unit_id=line.unit_id, finance_id=line.finance_id, month=date(YEAR, 1, 1), mode="direct",
            amount_fen=line.allotted_fen, stage="issued", doc_no="葫财支1号", submitted_at=NOON, issued_at=NOON,
        )  # fmt: skip
    made.payees[f"firm-{made.lines[0].unit_id}"] = Payee.objects.create(
        unit_id=made.lines[0].unit_id, kind="firm", name=FIRM["payee"], mark="a" * 64
    )
    Payee.objects.create(unit_id=made.lines[0].unit_id, kind="institution", name="市一高食堂", mark="b" * 64)
    made.contract(made.lines[0], contract_no="HT-1", amount_fen=9_000_000)
    return made


def rows(pipe: Pipe, many: int = 200) -> list[Row]:
    """So many payments of 2007 that have come through every joint, over all lines."""
    made = []
    for n in range(many):
        line, day = pipe.lines[n % 3], date(YEAR, 2, 1) + timedelta(days=n)
        person = {"payee": f"教师{n % 7}", "payee_kind": "个人"}
        of = person if n % 3 == 1 else FIRM | ({"contract_no": "HT-1"} if n % 9 == 0 else {})
        days = [day - timedelta(days=back) for back in (4, 3, 2, 1, 0, 0, 0)]
        made.append(
            dict(zip([c.code for c in COLUMNS if c.kind == "date"], map(str, days), strict=True))
            | {"external_id": f"E-{n}", "unit": "205" if n % 3 == 2 else "205001", "line": ref_of(line),
               "mode": "direct", "request_no": f"SQ-{n // 5}-{n % 3}", "order_no": f"PZ-{n}",
               "purpose": f"第{n}笔 \\ 款", "amount": f"{1_000 + n}.{n % 100:02d}"} | of
        )  # fmt: skip
    return made


def written(rows: list[Row], *, heading: Callable[[str], str] = str) -> str:
    output = io.StringIO(newline="")
    writer = csv.writer(output)
    writer.writerow([heading(column.label) for column in COLUMNS])
    writer.writerows([[row.get(column.code, "") for column in COLUMNS] for row in rows])
    return output.getvalue()


@pytest.fixture
def bring(money: Money, tmp_path: Path) -> Callable[..., Imported]:
    """Write the rows (or the text) to a file and import it for the finance bureau."""

    def act(given: list[Row] | str, *, encoding: str = "utf-8", unit: str = "", by: Any = SYSTEM) -> Imported:
        path = tmp_path / "支付.csv"
        path.write_bytes((given if isinstance(given, str) else written(given)).encode(encoding))
        with clocks.at(NOON):
            return importing.import_payments(
                unit=unit or money.units["finance"].code, fiscal_year=YEAR, path=path, by=by
            )

    return act


def proved() -> list[tuple[int, int]]:
    """After fold and every nightly proof: (payments, differing) of each year; balances agree too."""
    flow.fold()
    assert balances.differing() == []
    flow.prove()
    return [(proof.payments, proof.differing) for proof in FlowProof.objects.order_by("id")]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_every_row_becomes_a_payment_and_every_proof_holds(pipe: Pipe, bring: Any, encoding: str) -> None:
    given = rows(pipe)
    done = bring(given, encoding=encoding)
    assert (done.stored, done.rows, [f.message for f in done.findings]) == (True, 200, [])
    found = {row.external_id: row for row in Payment.objects.select_related("payee", "commitment").order_by("id")}
    assert list(found) == [row["external_id"] for row in given]  # numbered in the order of the file
    assert refs.next_number("payment", YEAR) > max(row.id for row in found.values()) % PER_YEAR
    for row in given:
        kept = found[row["external_id"]]
        assert f"{kept.amount_fen // 100}.{kept.amount_fen % 100:02d}" == row["amount"]
        assert (kept.payee.name, kept.purpose, kept.order_no) == (row["payee"], row["purpose"], row["order_no"])
        assert (str(kept.requested_on), str(kept.cleared_on)) == (row["requested_on"], row["cleared_on"])
        assert (kept.commitment.contract_no if kept.commitment else "") == row.get("contract_no", "")
        assert (kept.stage, kept.settle, kept.request_id, kept.order_id) == (5, "transfer", None, None)
    assert done.fen == sum(row.amount_fen for row in found.values())
    assert sum(BudgetLine.objects.values_list("paid_fen", flat=True)) == done.fen
    assert Commitment.objects.get().used_fen == sum(r.amount_fen for r in found.values() if r.commitment_id)
    assert proved() == [(200, 0)]


def test_one_event_tells_the_import_with_its_digest(pipe: Pipe, bring: Any) -> None:
    done = bring(rows(pipe, 10))
    submission = Submission.objects.get()
    assert (submission.stage, submission.rows, submission.sha256) == (SubmissionStage.IMPORTED, 10, done.sha256)
    assert set(Payment.objects.values_list("submission_id", flat=True)) == {submission.pk}
    event = Event.objects.get(verb="import_payments")
    assert (event.stream, event.facts["payments"], event.facts["sha256"]) == (done.ref, 10, done.sha256)


def spoilt(at: int, **changes: str) -> Callable[[list[Row]], None]:
    return lambda rows: rows[at].update(changes)


# What is spoilt, and what the report says of it: rule, row in the file, column, value.
BAD: dict[str, tuple[Callable[[list[Row]], None], tuple[str, int, str, str]]] = {
    "a day that is none": (spoilt(7, paid_on="2007-02-30"), ("S10", 9, "支付日期", "2007-02-30")),
    "text in an amount": (spoilt(3, amount="一百元"), ("S06", 5, "金额", "一百元")),
    "an unknown kind": (spoilt(2, payee_kind="公司"), ("S11", 4, "收款人类别", "公司")),
    "nothing where something is needed": (spoilt(4, purpose=""), ("S13", 6, "用途", "")),
    "the same number twice": (spoilt(5, external_id="E-1"), ("P01", 3, "外部编号", "E-1")),
    "days out of order": (spoilt(6, cleared_on="2007-01-01"), ("P08", 8, "清算日期", "2007-01-01")),
    "a line of another unit": (spoilt(0, unit="208"), ("P13", 2, "指标编号", "")),
    "not yet paid": (spoilt(8, paid_on="", cleared_on=""), ("I01", 10, "支付日期", "")),
    "more than was allotted": (spoilt(1, amount="700000"), ("I02", 3, "指标编号", "727,089.79 元")),
    "more than the contract": (spoilt(0, amount="90000"), ("I05", 2, "合同编号", "98,327.24 元")),
    "another payee of the contract": (spoilt(9, payee="锦州建筑公司"), ("I06", 11, "收款人名称", "锦州建筑公司")),
    "a kind that is not the register's": (spoilt(4, payee="市一高食堂"), ("I08", 6, "收款人类别", "市一高食堂")),
    "one payee of two kinds": (spoilt(4, payee_kind="企业", uscc=FIRM["uscc"]), ("I07", 6, "收款人类别", "教师4")),
}  # fmt: skip


@pytest.mark.parametrize("what", BAD)
def test_one_fatal_row_stops_the_whole_file_and_is_named(pipe: Pipe, bring: Any, what: str) -> None:
    spoil, (rule, row, column, value) = BAD[what]
    given = rows(pipe, 80)
    spoil(given)
    done = bring(given)
    found = next(f for f in done.findings if f.rule == rule)
    assert (found.row, found.column) == (row, column)
    assert value in found.value
    assert "请" in found.message
    assert not done.stored
    assert not Payment.objects.exists()
    assert not Submission.objects.exists()
    assert not Event.objects.filter(verb="import_payments").exists()
    assert sum(BudgetLine.objects.values_list("paid_fen", flat=True)) == 0


def test_many_findings_are_capped_and_their_total_told(pipe: Pipe, bring: Any) -> None:
    given = rows(pipe, 450)
    for row in given:
        row["unit_reviewed_on"] = "2007-01-01"
    done = bring(given)
    assert sum(f.rule == "P03" for f in done.findings) == 200
    assert {total.rule: total.times for total in done.totals}["P03"] == 450


def test_a_warning_stays_beside_what_is_stored(pipe: Pipe, bring: Any) -> None:
    given = rows(pipe, 10)
    given[0]["contract_no"] = "HT-99"
    done = bring(given)
    assert [(f.rule, f.row) for f in Submission.objects.get().findings.all()] == [("I04", 2)]
    assert (done.stored, Submission.objects.get().warnings) == (True, 1)


def test_a_wrong_digit_in_the_number_of_a_line_is_found(pipe: Pipe, bring: Any) -> None:
    given = rows(pipe, 9)
    ref = given[3]["line"]
    given[3]["line"] = ref[:-1] + str((int(ref[-1]) + 1) % 10)
    assert [(f.rule, f.row) for f in bring(given).findings] == [("I03", 5)]


@pytest.mark.parametrize(
    ("spoil", "rule"),
    [
        (lambda text: text.replace("外部编号", "编号", 1), "S03"),
        (lambda text: text.replace("E-3,", "E-3,错,列,", 1), "S04"),
        (lambda text: text.replace("\r\n", "\r\n,,,\r\n", 3), ""),  # empty rows are none
    ],
)
def test_the_shape_of_the_file_is_told_too(pipe: Pipe, bring: Any, spoil: Any, rule: str) -> None:
    done = bring(spoil(written(rows(pipe, 10))))
    assert rule in {f.rule for f in done.findings} | {""}
    assert done.stored is (rule == "")


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "空"),
        (b"PK\x03\x04 a workbook", "csv"),
        ("外部编号".encode("utf-16"), "编码"),
        (written([{"purpose": "款"}]).replace("款", '"款').encode(), "引号"),
    ],
)
def test_what_is_no_such_file_is_refused_with_what_to_do(
    pipe: Pipe, money: Money, tmp_path: Path, data: bytes, words: str
) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(data)
    with pytest.raises(Refused, match=words):
        importing.import_payments(unit=money.units["finance"].code, fiscal_year=YEAR, path=path, by=SYSTEM)


def test_a_large_file_is_read_by_helpers_row_by_row_as_a_small_one(pipe: Pipe, bring: Any) -> None:
    given = rows(pipe, 300)
    many = [row | {"external_id": f"{n}-{row['external_id']}", "amount": "0.01"} for n in range(30) for row in given]
    many[8_000]["paid_on"] = "没有"
    # An end of line within quotation marks is none: rows count as a spreadsheet counts them.
    text = written(many).replace(",第250笔 \\ 款,", ',"第""二百五十""\r\n笔",')
    assert text.count("二百五十") == 30
    done = bring(text)
    assert [(f.rule, f.row, f.value) for f in done.findings if f.rule == "S10"] == [("S10", 8_002, "没有")]
    assert (done.stored, done.rows, Payment.objects.count()) == (False, 9_000, 0)
    done = bring(text.replace("没有", many[8_000]["cleared_on"]))
    assert Payment.objects.filter(purpose='第"二百五十" 笔').count() == 30
    with pytest.raises(Refused, match="引号"):
        bring(',"第'.join(text.rsplit(",第", 1)))


def test_the_same_file_and_the_same_rows_are_taken_once(pipe: Pipe, bring: Any) -> None:
    given = rows(pipe, 12)
    done = bring(given)
    with pytest.raises(Refused, match=done.ref):
        bring(given)
    again = bring(list(reversed(given)))
    assert {total.rule for total in again.totals} >= {"P20"}
    assert Payment.objects.count() == 12


def test_a_unit_s_file_holds_its_own_payments_and_is_the_bureau_s_to_import(
    pipe: Pipe, bring: Any, money: Money
) -> None:
    given, school = rows(pipe, 12), money.units["school"].code
    with pytest.raises(Refused, match="财政部门"):
        bring(given, unit=school, by=money.officers["school_clerk"])
    with pytest.raises(Absent):
        bring(given, unit=school, by=money.officers["civil_clerk"])
    assert {f.rule for f in bring(given, unit=school).findings} == {"P12"}
    own = [row for row in given if row["unit"] == "205001"]
    assert bring(own, unit=school, by=money.officers["finance_budget"]).rows == 8


def test_a_payment_before_the_import_keeps_its_share_of_the_line(pipe: Pipe, bring: Any) -> None:
    pipe.pay(pipe.lines[0], 500, on=date(YEAR, 1, 30), commitment=None)
    assert bring(rows(pipe, 30)).stored
    assert LineChange.objects.count() == 3
    assert proved() == [(31, 0)]


def test_the_command_tells_how_far_it_is_and_leaves_the_report(
    pipe: Pipe, money: Money, tmp_path: Path, capsys: Any
) -> None:
    path, report = tmp_path / "a.csv", tmp_path / "report.csv"
    given = rows(pipe, 6)
    given[2]["amount"] = "0"
    path.write_text(written(given))
    options = {"unit": money.units["finance"].code, "year": YEAR, "report": report}
    with clocks.at(NOON), pytest.raises(CommandError, match="一笔也没有入库"):
        call_command("import_payments", str(path), **options)
    assert "第 4 行 金额：金额 0.00 元 不大于零" in capsys.readouterr().out
    assert "P02" in report.read_text(encoding="utf-8-sig")
    path.write_text(written(rows(pipe, 6)))
    with clocks.at(NOON):
        call_command("import_payments", str(path), **options)
    told = capsys.readouterr()
    assert "已导入 BS" in told.out
    assert "入库 100%" in told.err
