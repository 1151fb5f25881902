"""The treasury's desks in tests: who enters, a page's text, an order that was paid, differences to work on."""

from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from minxin.directory.models import Person
from minxin.directory.rules import Officer
from minxin.disclosures.actions import differences
from minxin.disclosures.actions.differences import Found
from minxin.disclosures.models import Difference, Order, Payment
from minxin.disclosures.rules.codes import DifferenceKind
from minxin.disclosures.tests.bank_walk import DAY, BankWalk

PIPE = "/desk/pipe"


def enter(client: Client, by: Officer) -> Client:
    client.force_login(Person.objects.get(pk=by.id))
    return client


def at(walk: BankWalk, who: str) -> Client:
    """Somebody of the cast at the desk."""
    return enter(Client(), walk.by(who))


def page(client: Client, address: str, status: int = 200) -> str:
    answer = client.get(f"{PIPE}{address}")
    assert answer.status_code == status, address
    return answer.content.decode()


def xml(data: bytes, name: str = "a.xml") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, data, "text/xml")


def paid(walk: BankWalk, *rows: str, failed: tuple[int, ...] = (), **facts: str) -> Order:
    order = walk.sent(*rows, **facts)
    walk.answer(order, failed=failed)
    order.refresh_from_db()
    return order


def first(order: Order) -> Payment:
    return Payment.objects.filter(order=order).order_by("pk")[0]


def opened(walk: BankWalk, count: int) -> int:
    """That many differences; the key of the last."""
    found = [Found(DifferenceKind.MISSING_HERE, f"X{number}", 0, 100 + number) for number in range(count)]
    units = walk.money.units
    differences.open_all(found, finance_id=units["finance"].id, bank_id=units["bank"].id, on=DAY)
    return Difference.objects.latest("pk").pk
