"""What the demo is made of beside its texts: how answers begin and end, and small attachments made on the spot."""

import io
import random
from collections.abc import Callable

from PIL import Image, ImageDraw

# How answers begin and end.
OPENINGS = (
    "您好。您{f}反映的“{title}”一事收悉。{c}，我们的承办人员与您通了电话，核对了有关情况。",
    "您好，感谢您把情况告诉我们。您{f}的来信收到后，承办人员{c}已与您取得联系。",
    "您好。关于您{f}反映的事，我们{c}与您联系后即着手办理，现答复如下。",
)
BY_KIND = {
    "praise": "您好。您{f}写来的表扬信，我们收到了。",
    "suggestion": "您好。您{f}提出的建议收悉，{c}我们已与您通话，听了您的想法。",
    "enquiry": "您好。您{f}咨询的问题，我们{c}已与您通话，现书面答复如下。",
}
NAMELESS = "您好。您{f}匿名反映的“{title}”一事收悉。您没有留联系方式，我们把核实和处理情况在这里答复您。"
CLOSINGS = (
    "如对答复不满意，您可以在收到之日起三十日内申请复查。承办人电话：{phone}。{unit}　{a}",
    "以上情况如与您看到的不符，请直接拨打承办人电话 {phone}，我们再来核实。{unit}　{a}",
    "今后有类似问题，可以随时打我们的值班电话 {phone}。{unit}　{a}",
)

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
