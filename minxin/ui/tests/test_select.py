"""A select of ours is Django's, only quicker."""

import re

import pytest
from django import forms
from django.http import QueryDict
from django.template import Context, Template

CHOICES = [
    ("", "不限"),
    ("01", "物业 & <小区>"),
    ("供热", [("0401", "室温不达标"), ('0"2', "停暖'报修")]),
    (3, "三"),
]


class Form(forms.Form):
    plain = forms.ChoiceField(choices=CHOICES, required=False)
    needed = forms.ChoiceField(choices=CHOICES, widget=forms.Select(attrs={"data-x": 'a"b', "disabled": True}))


def squeezed(html: str) -> str:
    return re.sub(r"\s*(<[^>]*>)\s*", r"\1", html)


@pytest.mark.parametrize("value", ["", "01", "0401", '0"2', "3", "nothing", '"><script>'])
def test_a_select_is_the_same_as_djangos(value: str) -> None:
    data = QueryDict(mutable=True)
    data.update({"plain": value, "needed": value})
    form = Form(data)
    for name in ("plain", "needed"):
        ours = Template("{% field form.x %}".replace("x", name)).render(Context({"form": form}))
        drawn = re.search(r"<select.*</select>", ours, re.DOTALL)
        assert drawn
        attrs = {key: found for key in ("aria-describedby", "aria-invalid") if (found := _attribute(drawn[0], key))}
        theirs = form[name].as_widget(attrs={"class": "control control-select", **attrs})
        assert sorted(re.findall(r'[\w-]+(?:="[^"]*")?', squeezed(drawn[0]).split(">")[0])) == sorted(
            re.findall(r'[\w-]+(?:="[^"]*")?', squeezed(theirs).split(">")[0])
        )
        assert squeezed(drawn[0]).split(">", 1)[1] == squeezed(theirs).split(">", 1)[1]


def _attribute(html: str, name: str) -> str:
    found = re.search(rf'{name}="([^"]*)"', html)
    return found[1] if found else ""
