import contextlib
import io
import struct
import warnings
import zipfile
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from minxin.kernel import files
from minxin.kernel.errors import Absent, Refused


def picture(pillow, size=(8, 4), mode="RGB", **facts):
    output = io.BytesIO()
    Image.new(mode, size, 1).save(output, pillow, **facts)
    return output.getvalue()


def package(*parts):
    output = io.BytesIO()
    with zipfile.ZipFile(output, "w") as archive:
        for part in ("[Content_Types].xml", *parts):
            archive.writestr(part, "<x/>")
    return output.getvalue()


def compound(stream):
    return files._OLE + b"\x00" * 504 + stream.encode("utf-16-le")


SAMPLES = {
    "jpg": picture("JPEG"),
    "png": picture("PNG"),
    "webp": picture("WEBP"),
    "gif": picture("GIF", mode="P"),
    "pdf": b"%PDF-1.7\n%\xe2\xe3",
    "docx": package("word/document.xml"),
    "xlsx": package("xl/workbook.xml"),
    "pptx": package("ppt/presentation.xml"),
    "doc": compound("WordDocument"),
    "xls": compound("Workbook"),
    "txt": "情况说明\r\n".encode("gb18030"),
    "csv": "日期,金额\n".encode(),
    "mp3": b"ID3\x04\x00\x00",
    "m4a": b"\x00\x00\x00\x20ftypM4A \x00",
    "amr": b"#!AMR\n\x3c",
    "wav": b"RIFF\x24\x00\x00\x00WAVEfmt ",
    "mp4": b"\x00\x00\x00\x20ftypisom\x00",
}


@pytest.mark.parametrize("extension", files.KINDS)
def test_every_accepted_kind_is_told_by_its_content(extension):
    kind = files.recognise(SAMPLES[extension], f"附件.{extension}")
    assert kind is files.KINDS[extension]
    if extension not in {"txt", "csv"}:
        assert files.recognise(SAMPLES[extension], "别的名字.exe") is kind


@pytest.mark.parametrize(
    ("data", "name"),
    [
        (b"MZ\x90\x00" + b"\x00" * 60, "照片.jpg"),
        (b"\x7fELF" + b"\x00" * 60, "a.pdf"),
        (b"<html><script>", "a.html"),
        (b"<svg xmlns='x' onload='y'>", "a.svg"),
        (b"#!/bin/sh\x00", "a.txt"),
        (package("a.exe"), "a.docx"),
        (package("a.exe"), "a.zip"),
        (b"PK\x03\x04broken", "a.docx"),
        (compound("Nothing"), "a.doc"),
        (b"Rar!\x1a\x07\x00", "a.rar"),
        (b"\xff\xfe", "\u202egpj.exe" * 100),
    ],
)
def test_other_content_is_refused_whatever_its_name(data, name):
    with pytest.raises(Refused) as refusal:
        files.recognise(data, name, field="files")
    assert (refusal.value.code, refusal.value.field) == ("file_kind", "files")
    assert "\u202e" not in refusal.value.sentence
    assert len(refusal.value.sentence) < 120


def test_an_empty_one_a_macro_and_one_too_large_are_refused():
    for data, code in (
        (b"", "file_empty"),
        (package("word/document.xml", "word/vbaProject.bin"), "file_macros"),
        (b"%PDF-1.7" + b"0" * 20 * files.MEGABYTE, "file_size"),
    ):
        with pytest.raises(Refused) as refusal:
            files.recognise(data, "材料.pdf")
        assert refusal.value.code == code


@given(st.binary(max_size=200), st.sampled_from(["a.txt", "a.jpg", "", "x" * 300]))
def test_any_bytes_are_recognised_or_refused(data, name):
    with contextlib.suppress(Refused):
        assert files.recognise(data, name).extension in files.KINDS


def test_a_picture_loses_its_place_and_camera_and_stands_upright():
    exif = Image.Exif()
    exif[0x0112] = 6  # taken with the camera turned
    exif[0x010F] = "PhoneMaker"
    exif[0x8825] = {1: "N", 2: (40.0, 45.0, 0.0)}
    data = picture("JPEG", size=(8, 4), exif=exif, comment=b"secret place")
    bare = files.without_metadata(data, files.KINDS["jpg"])
    with Image.open(io.BytesIO(bare)) as result:
        assert result.size == (4, 8)
        assert not result.getexif()
    assert b"PhoneMaker" in data
    assert b"PhoneMaker" not in bare
    assert b"secret" not in bare


@pytest.mark.parametrize(
    ("pillow", "mode"),
    [("PNG", "RGBA"), ("PNG", "P"), ("PNG", "I;16"), ("PNG", "1"), ("JPEG", "CMYK"), ("WEBP", "RGBA"), ("GIF", "P")],
)
def test_pictures_of_every_mode_are_redrawn(pillow, mode):
    kind = files.recognise(picture(pillow, mode=mode), "x")
    again = files.without_metadata(picture(pillow, mode=mode), kind)
    assert files.recognise(again, "x") is kind


def test_a_moving_picture_goes_on_moving():
    frames = [Image.new("P", (4, 4), n) for n in range(3)]
    for n, frame in enumerate(frames):
        frame.putpalette([n * 80, 0, 0] * 256)
    output = io.BytesIO()
    frames[0].save(output, "GIF", save_all=True, append_images=frames[1:], duration=70, comment=b"secret")
    bare = files.without_metadata(output.getvalue(), files.KINDS["gif"])
    with Image.open(io.BytesIO(bare)) as result:
        assert (result.n_frames, result.info["duration"]) == (3, 70)
    assert b"secret" not in bare


def test_a_bomb_and_a_broken_picture_are_refused():
    header = struct.pack(">IIBBBBB", 60_000, 60_000, 8, 2, 0, 0, 0)
    chunk = b"IHDR" + header
    bomb = b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + chunk + struct.pack(">I", zlib.crc32(chunk))
    for data in (bomb, SAMPLES["png"][:40], b"\x89PNG\r\n\x1a\n" + b"x" * 50):
        with pytest.raises(Refused) as refusal, warnings.catch_warnings():
            files.without_metadata(data, files.KINDS["png"])
        assert refusal.value.code in {"picture_unreadable", "picture_size"}


def test_other_kinds_come_back_as_they_are():
    assert files.without_metadata(SAMPLES["pdf"], files.KINDS["pdf"]) == SAMPLES["pdf"]


@pytest.fixture(params=["disk", "memory"])
def store(request, tmp_path):
    return files.Disk(tmp_path) if request.param == "disk" else files.Memory()


def test_a_store_keeps_replaces_and_forgets(store):
    name = files.new_name(files.KINDS["pdf"])
    store.put(name, b"one")
    store.put(name, b"two")
    with store.open(name) as file:
        assert file.read() == b"two"
    store.delete(name)
    store.delete(name)
    with pytest.raises(Absent):
        store.open(name)


@pytest.mark.parametrize(
    "name", ["../x.pdf", "/etc/x.pdf", "a/../../b.pdf", "", "a\x00.pdf", ".hidden.pdf", "A.pdf", "a"]
)
def test_a_name_never_leaves_the_store(store, name):
    for act in (lambda: store.put(name, b""), lambda: store.open(name), lambda: store.delete(name)):
        with pytest.raises(ValueError, match="no name"):
            act()


def test_a_folder_holds_no_half_written_file(tmp_path):
    files.Disk(tmp_path).put("2026/11/a.pdf", b"x")
    assert [path.name for path in tmp_path.rglob("*") if path.is_file()] == ["a.pdf"]


def test_another_store_can_be_used_for_a_while():
    memory = files.Memory()
    with files.using(memory):
        assert files.store() is memory
    assert isinstance(files.store(), files.Disk)
