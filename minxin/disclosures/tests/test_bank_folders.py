"""The folder shared with the banks: whole files only, whatever fails."""

import pytest

from minxin.disclosures import outside
from minxin.disclosures.outside import Letter
from minxin.disclosures.rules.vouchers import MOST_BYTES


@pytest.fixture
def folders(tmp_path):
    return outside.Folders(tmp_path / "bank")


def test_letters_are_whole_and_nothing_else_is_there(folders):
    folders.put([Letter("B1", f"{n}.xml", b"x" * n) for n in range(30)])
    found = {path.name: path.read_bytes() for path in (folders.root / "outbox" / "B1").iterdir()}
    assert found == {f"{n}.xml": b"x" * n for n in range(30)}
    folders.put([Letter("B1", "3.xml", b"new")])
    assert (folders.root / "outbox" / "B1" / "3.xml").read_bytes() == b"new"


def test_a_shut_door_leaves_nothing_behind(folders):
    (folders.root / "outbox" / "B1" / "2.xml").mkdir(parents=True)  # no file can take its place
    with pytest.raises(outside.Unreachable):
        folders.put([Letter("B1", f"{n}.xml", b"x") for n in (1, 2, 3)])
    assert not [path for path in (folders.root / "outbox" / "B1").iterdir() if path.name.startswith(".")]


def test_what_waits_is_read_in_order_taken_or_laid_aside(folders):
    inbox = folders.root / "inbox" / "B1"
    inbox.mkdir(parents=True)
    for name in ("2.xml", "1.xml", ".new-3.xml", "4.part", "5.xml"):
        (inbox / name).write_bytes(name.encode())
    letters = list(folders.waiting())
    assert [letter.name for letter in letters] == ["1.xml", "2.xml", "5.xml"]
    folders.take(letters[0])
    folders.refuse(letters[1], "读不出来")
    assert [letter.name for letter in folders.waiting()] == ["5.xml"]
    assert (folders.root / "refused" / "B1" / "2.xml").read_bytes() == b"2.xml"
    assert (folders.root / "refused" / "B1" / "2.xml.txt").read_text() == "读不出来\n"


def test_a_huge_file_comes_cut(folders):
    inbox = folders.root / "inbox" / "B1"
    inbox.mkdir(parents=True)
    with (inbox / "huge.xml").open("wb") as file:
        file.truncate(MOST_BYTES * 3)
    (letter,) = folders.waiting()
    assert len(letter.data) == MOST_BYTES + 1


@pytest.mark.parametrize("name", ["../a.xml", "/etc/passwd", ".a.xml", "", "a b.xml", "甲.xml"])
def test_a_name_stays_in_its_folder(folders, name):
    with pytest.raises(ValueError, match="no name"):
        folders.put([Letter("B1", name, b"")])
    with pytest.raises(ValueError, match="no name"):
        folders.put([Letter(name, "a.xml", b"")])


def test_an_empty_house_has_no_mail(folders):
    assert list(folders.waiting()) == []
    folders.put([])
