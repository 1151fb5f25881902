"""The demo's pipe of this year: one school asks to be paid, and every desk finds something that waits for it."""

from datetime import datetime, timedelta
from decimal import Decimal

from minxin.directory.rules import Officer, Role
from minxin.disclosures.actions import lines, plans, requests
from minxin.disclosures.actions.asking import NewPayment
from minxin.disclosures.rules.codes import Fund, Step
from minxin.kernel import clocks, refs
from minxin.portal.actions import acting
from minxin.portal.actions.glass import FINANCE

SCHOOL = "211400-131001"
FUNCTION = "2050204"  # 高中教育
# What the school has this year, in yuan: heading, project, amount, of it allotted for this month.
LINES = [
    ("30201", "", 180_000, 45_000),
    ("30205", "", 96_000, 24_000),
    ("30206", "", 240_000, 60_000),
    ("30213", "", 150_000, 38_000),
    ("30216", "", 88_000, 22_000),
    ("31003", "教学设备购置", 420_000, 0),
]
# What is asked for: by heading, to whom, for what; and how far it has come.
ASKED = [
    [("30205", "葫芦岛市自来水公司", "教学楼和宿舍水费", "5120.40"), ("30206", "葫芦岛市供电公司", "电费", "16830.75")],
    [("30201", "葫芦岛市渤海湾办公用品供应站", "试卷用纸和粉笔", "8460.00")],
    [("30213", "葫芦岛市连山建筑维修队", "实验楼屋面防水", "21500.00")],
    [
        ("30216", "葫芦岛市教师进修学校", "新课程培训", "9600.00"),
        ("30205", "葫芦岛市自来水公司", "浴室水费", "1980.60"),
    ],
]
STEPS = (Step.UNIT, Step.SECTION, Step.CENTRE)


def ask(now: datetime) -> None:
    """Lines and limits opened the day before yesterday, or this month's first; four requests, one at each desk."""
    first = now.astimezone(clocks.ZONE).replace(day=1, hour=0, minute=0)
    begin = max(first, now - timedelta(days=2))
    with clocks.at(begin):
        known = _open()
        _allot(known)
    with clocks.at(begin + (now - begin) / 2):
        asked = [_asked(number, rows, known) for number, rows in enumerate(ASKED)]
    with clocks.at(now):
        for number, ref in enumerate(asked):
            for step in STEPS[:number]:
                requests.review([ref], step=step, by=_reviewer(step))


def _open() -> dict[str, str]:
    """The school's lines by heading."""
    year, known = clocks.today().year, {}
    for number, (economic, project, yuan, _allotted) in enumerate(LINES):
        line = lines.open_line(
            unit=SCHOOL,
            fiscal_year=year,
            function=FUNCTION,
            economic=economic,
            fund=Fund.GENERAL,
            amount=Decimal(yuan),
            doc_no=f"葫财指〔{year}〕{60 + number}号",
            on=clocks.today(),
            project=project,
            by=acting.officer(FINANCE, Role.BUDGET),
        )
        known[economic] = refs.written("ZB", line.year, line.number)
    return known


def _allot(known: dict[str, str]) -> None:
    month = clocks.today().replace(day=1)
    wanted = {known[economic]: Decimal(yuan) for economic, _project, _of, yuan in LINES if yuan}
    plans.submit(unit=SCHOOL, month=month, amounts=wanted, by=acting.officer(SCHOOL, Role.CLERK))
    plans.approve(finance=FINANCE, month=month, by=acting.officer(FINANCE, Role.BUDGET))
    number = f"葫财支〔{month.year}〕{month.month}号"
    plans.issue(finance=FINANCE, month=month, doc_no=number, by=acting.officer(FINANCE, Role.CASHIER))


def _asked(number: int, rows: list[tuple[str, str, str, str]], known: dict[str, str]) -> str:
    made = requests.request(
        unit=SCHOOL,
        rows=[
            NewPayment(
                line=known[economic],
                amount=Decimal(yuan),
                purpose=purpose,
                payee_kind="firm",
                name=name,
                account=f"0701{number:04d}{place:08d}",
                bank="代理银行葫芦岛分行",
                external_id=f"{clocks.today():%Y%m%d}-{number}-{place}",
            )
            for place, (economic, name, purpose, yuan) in enumerate(rows)
        ],
        by=acting.officer(SCHOOL, Role.CLERK),
    )
    return refs.written("SQ", made.year, made.number)


def _reviewer(step: Step) -> Officer:
    where, role = {
        Step.UNIT: (SCHOOL, Role.LEADER),
        Step.SECTION: (FINANCE, Role.BUDGET),
        Step.CENTRE: (FINANCE, Role.CASHIER),
    }[step]
    return acting.officer(where, role)
