"""Small attachments made on the spot: a photograph, a scanned receipt, a letter. Nothing is taken from anywhere."""

import io
import random
from collections.abc import Callable

from PIL import Image, ImageDraw

WIDTH, HEIGHT = 480, 320  # pixels


def file(name: str) -> tuple[str, bytes]:
    """The file's name as the complainant gave it, and its bytes; what is made depends on the name's ending."""
    return name, _MAKERS[name.rpartition(".")[2]](name)


def _picture(name: str) -> Image.Image:
    """A thermometer for a picture of one, a receipt otherwise: blocks and lines, no letters, so no font is needed."""
    dice = random.Random(name)  # noqa: S311 - the same picture every time
    picture = Image.new("RGB", (WIDTH, HEIGHT), (236, 233, 226))
    draw = ImageDraw.Draw(picture)
    if "温度" in name:
        draw.rounded_rectangle((210, 30, 270, 290), 30, fill=(250, 250, 250), outline=(120, 120, 120), width=3)
        level = 120 + dice.randrange(60)
        draw.rectangle((232, level, 248, 270), fill=(178, 58, 46))
        for height in range(60, 260, 20):
            draw.line((252, height, 264, height), fill=(60, 60, 60), width=2)
    else:
        draw.rectangle((110, 20, 370, 300), fill=(255, 254, 248), outline=(150, 140, 120), width=2)
        for line in range(50, 270, 22):
            draw.line((130, line, 130 + dice.randrange(90, 220), line), fill=(90, 90, 100), width=4)
        draw.ellipse((280, 220, 350, 290), outline=(192, 57, 43), width=4)
    return picture


def _image(form: str) -> Callable[[str], bytes]:
    def make(name: str) -> bytes:
        output = io.BytesIO()
        _picture(name).save(output, form)
        return output.getvalue()

    return make


def _text(name: str) -> bytes:
    return f"{name.rpartition('.')[0]}\n以上情况属实，供核实时参考。\n".encode()


_MAKERS: dict[str, Callable[[str], bytes]] = {
    "png": _image("PNG"),
    "jpg": _image("JPEG"),
    "pdf": _image("PDF"),
    "txt": _text,
}
