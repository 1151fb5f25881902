"""Attachments: recognised by content, never by what they are called; pictures freed of their metadata; kept in a store.

A store keeps bytes under names it did not choose (`new_name`). Nothing of a stored file is ever executed, shown inline
or unpacked by this product.
"""

import io
import os
import re
import tempfile
import warnings
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Protocol
from uuid import uuid4

from django.core.files.storage import storages
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from PIL import Image, ImageOps, ImageSequence

from minxin.kernel import clocks
from minxin.kernel.errors import Absent, Refused

MEGABYTE = 1024 * 1024
MOST_PIXELS = 50_000_000  # 8,000 x 6,000; a larger one is a bomb or a scan to be made smaller
MOST_FRAMES = 200


@dataclass(frozen=True, slots=True)
class Kind:
    """What a file is: its media type, the extension it is stored and served with, its name for people, its size cap."""

    mime: str
    extension: str
    label: str | Promise
    most_bytes: int = 20 * MEGABYTE


_WORD = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
_SHEET = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_SLIDES = "application/vnd.openxmlformats-officedocument.presentationml.presentation"
KINDS = {
    kind.extension: kind
    for kind in (
        Kind("image/jpeg", "jpg", gettext_lazy("图片"), 15 * MEGABYTE),
        Kind("image/png", "png", gettext_lazy("图片"), 15 * MEGABYTE),
        Kind("image/webp", "webp", gettext_lazy("图片"), 15 * MEGABYTE),
        Kind("image/gif", "gif", gettext_lazy("图片"), 15 * MEGABYTE),
        Kind("application/pdf", "pdf", gettext_lazy("PDF 文件")),
        Kind(_WORD, "docx", gettext_lazy("Word 文档")),
        Kind(_SHEET, "xlsx", gettext_lazy("Excel 表格")),
        Kind(_SLIDES, "pptx", gettext_lazy("演示文稿")),
        Kind("application/msword", "doc", gettext_lazy("Word 文档")),
        Kind("application/vnd.ms-excel", "xls", gettext_lazy("Excel 表格")),
        Kind("text/plain", "txt", gettext_lazy("文本")),
        Kind("text/csv", "csv", gettext_lazy("表格")),
        Kind("audio/mpeg", "mp3", gettext_lazy("录音")),
        Kind("audio/mp4", "m4a", gettext_lazy("录音")),
        Kind("audio/amr", "amr", gettext_lazy("录音")),
        Kind("audio/wav", "wav", gettext_lazy("录音")),
        Kind("video/mp4", "mp4", gettext_lazy("视频"), 100 * MEGABYTE),
    )
}
_PICTURES = {"jpg": "JPEG", "png": "PNG", "webp": "WEBP", "gif": "GIF"}
_SIGNATURES = (
    (re.compile(rb"\xff\xd8\xff"), "jpg"),
    (re.compile(rb"\x89PNG\r\n\x1a\n"), "png"),
    (re.compile(rb"GIF8[79]a"), "gif"),
    (re.compile(rb"RIFF....WEBP", re.DOTALL), "webp"),
    (re.compile(rb"RIFF....WAVE", re.DOTALL), "wav"),
    (re.compile(rb"%PDF-[12]\."), "pdf"),
    (re.compile(rb"#!AMR(-WB)?\n"), "amr"),
    (re.compile(rb"ID3[\x02-\x04]|\xff[\xe2\xe3\xf2\xf3\xfa\xfb]"), "mp3"),
    (re.compile(rb"....ftypM4[AB] ", re.DOTALL), "m4a"),
    (re.compile(rb"....ftyp(isom|iso[2-9]|mp4[12]|avc1|M4V |MSNV|3gp[4-7]|dash)", re.DOTALL), "mp4"),
)
_OOXML = {"word/document.xml": "docx", "xl/workbook.xml": "xlsx", "ppt/presentation.xml": "pptx"}
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_OLE_STREAMS = (("WordDocument", "doc"), ("Workbook", "xls"), ("Book", "xls"))


def recognise(data: bytes, name: str, *, field: str | None = None) -> Kind:
    """What a file is, by its content; its name only tells plain text from a table.

    Refuses what is empty, of no accepted kind, or larger than its kind may be; documents with macros too.
    """
    if not data:
        raise Refused("file_empty", _("“%(name)s”是空文件，请重新选择。") % {"name": _short(name)}, field=field)
    extension = _by_signature(data) or _by_package(data) or _by_compound(data) or _by_text(data, name)
    if extension is None:
        sentence = _("“%(name)s”不是可以接收的文件。可以上传图片、PDF、Word、Excel、演示文稿、文本、录音和 MP4 视频。")
        raise Refused("file_kind", sentence % {"name": _short(name)}, field=field)
    kind = KINDS[extension]
    if len(data) > kind.most_bytes:
        sentence = _("“%(name)s”有 %(size)s MB，这类文件最大 %(most)s MB，请压缩或分开上传。")
        facts = {"name": _short(name), "size": -(-len(data) // MEGABYTE), "most": kind.most_bytes // MEGABYTE}
        raise Refused("file_size", sentence % facts, field=field)
    return kind


def without_metadata(data: bytes, kind: Kind, *, field: str | None = None) -> bytes:
    """A picture drawn anew: turned upright, without place, camera and time. Other kinds come back as they are.

    Refuses pictures that cannot be read or have more than 50 million pixels.
    """
    if kind.extension not in _PICTURES:
        return data
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            return _redrawn(data, _PICTURES[kind.extension])
    except Refused:
        raise
    except Exception as error:  # Pillow raises what its decoders raise: any failure means an unreadable picture
        raise Refused("picture_unreadable", _("这张图片打不开，可能已损坏，请换一张再上传。"), field=field) from error


class Store(Protocol):
    """Where files are kept, by name."""

    def put(self, name: str, data: bytes) -> None:
        """Keep `data` under `name`, whole or not at all; what was there before is replaced."""

    def open(self, name: str) -> BinaryIO:
        """The file, to be read and closed. Raises `Absent`."""

    def delete(self, name: str) -> None:
        """Forget the file; one that is not there is no error."""


class Disk:
    """Files in one folder of this machine (or a shared mount)."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def put(self, name: str, data: bytes) -> None:
        """Written beside its place, flushed to the disk, then moved there."""
        path = self._path(name)
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o750)
        with tempfile.NamedTemporaryFile(dir=path.parent, prefix=".new-", delete=False) as file:
            try:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
                Path(file.name).replace(path)
            except BaseException:
                Path(file.name).unlink(missing_ok=True)
                raise

    def open(self, name: str) -> BinaryIO:
        """The open file."""
        try:
            return self._path(name).open("rb")
        except FileNotFoundError:
            raise Absent("file_absent", _("这个文件已经不在了。")) from None

    def delete(self, name: str) -> None:
        """Unlinks it."""
        self._path(name).unlink(missing_ok=True)

    def _path(self, name: str) -> Path:
        return self._root / _checked(name)


class Memory:
    """The store's twin for tests."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}

    def put(self, name: str, data: bytes) -> None:
        """Into the dictionary."""
        self.files[_checked(name)] = data

    def open(self, name: str) -> BinaryIO:
        """A reader of the bytes."""
        if _checked(name) not in self.files:
            raise Absent("file_absent", _("这个文件已经不在了。"))
        return io.BytesIO(self.files[name])

    def delete(self, name: str) -> None:
        """Out of the dictionary."""
        self.files.pop(_checked(name), None)


_store: ContextVar[Store | None] = ContextVar("store", default=None)


def store() -> Store:
    """The store of this installation: the folder MINXIN_FILES, or the one given by `using`."""
    return _store.get() or Disk(Path(storages["default"].path("")))


@contextmanager
def using(other: Store) -> Iterator[Store]:
    """Let `store()` be another one within the block: the tests' `Memory`."""
    token = _store.set(other)
    try:
        yield other
    finally:
        _store.reset(token)


def new_name(kind: Kind) -> str:
    """A fresh name that tells nothing but the month and the kind: `2026/11/3f….jpg`."""
    return f"{clocks.today():%Y/%m}/{uuid4().hex}.{kind.extension}"


def _short(name: str) -> str:
    last = re.split(r"[/\\]", name)[-1] or name
    plain = "".join(character for character in last if character.isprintable())
    return plain if len(plain) <= 40 else f"{plain[:20]}…{plain[-15:]}"


def _checked(name: str) -> str:
    if not re.fullmatch(r"[a-z0-9][a-z0-9_-]*(/[a-z0-9][a-z0-9_-]*)*\.[a-z0-9]{2,5}", name):
        raise ValueError(f"no name for a stored file: {name!r}")
    return name


def _by_signature(data: bytes) -> str | None:
    return next((extension for pattern, extension in _SIGNATURES if pattern.match(data)), None)


def _by_package(data: bytes) -> str | None:
    """Office files since 2007, told by the part they must contain; the archive's index is read, nothing unpacked."""
    if not data.startswith(b"PK\x03\x04"):
        return None
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as package:
            names = set(package.namelist())
    except (zipfile.BadZipFile, ValueError, NotImplementedError, OSError):
        return None
    if any(name.lower().endswith("vbaproject.bin") for name in names):
        raise Refused("file_macros", _("这个文档带有宏，不能接收。请另存为不带宏的文档再上传。"))
    return next((extension for part, extension in _OOXML.items() if part in names), None)


def _by_compound(data: bytes) -> str | None:
    """Office files before 2007, told by the names of their streams."""
    if not data.startswith(_OLE):
        return None
    return next((extension for stream, extension in _OLE_STREAMS if stream.encode("utf-16-le") in data), None)


def _by_text(data: bytes, name: str) -> str | None:
    extension = name.lower().rpartition(".")[2]
    if extension not in {"txt", "csv"} or re.search(rb"[\x00-\x08\x0e-\x1a\x1c-\x1f]", data):
        return None
    for encoding in ("utf-8", "gb18030"):
        try:
            data.decode(encoding)
        except UnicodeDecodeError:
            continue
        return extension
    return None


def _redrawn(data: bytes, pillow: str) -> bytes:
    with Image.open(io.BytesIO(data), formats=[pillow]) as picture:
        frames = getattr(picture, "n_frames", 1)
        if picture.width * picture.height > MOST_PIXELS or frames > MOST_FRAMES:
            raise Refused("picture_size", _("这张图片太大了，请缩小到 5000 万像素以内再上传。"))
        output = io.BytesIO()
        if frames > 1 and pillow in {"GIF", "WEBP"}:
            _save_moving(picture, output, pillow)
        else:
            upright = ImageOps.exif_transpose(picture)
            _bare(upright).save(output, pillow, quality=88, optimize=True)
        return output.getvalue()


def _save_moving(picture: Image.Image, output: BinaryIO, pillow: str) -> None:
    frames = [_bare(frame.copy()) for frame in ImageSequence.Iterator(picture)]
    durations = [frame.info.get("duration", 100) for frame in ImageSequence.Iterator(picture)]
    frames[0].save(output, pillow, save_all=True, append_images=frames[1:], duration=durations, loop=0)


def _bare(picture: Image.Image) -> Image.Image:
    """Only the pixels, in a mode every format can hold: no EXIF, comments, profiles or text chunks."""
    if picture.mode not in {"1", "L", "LA", "P", "RGB", "RGBA"}:
        picture = picture.convert("RGB")
    bare = Image.new(picture.mode, picture.size)
    if picture.mode == "P":
        palette = picture.getpalette()
        if palette is not None:
            bare.putpalette(palette)
        if "transparency" in picture.info:
            bare.info["transparency"] = picture.info["transparency"]
    bare.paste(picture)
    return bare
