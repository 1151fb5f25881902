"""Until the house has a demo of its own: the tests' cast with one password, printed as `minxin demo users` does."""

import json

from django.contrib.auth.hashers import make_password

from minxin.directory import models
from minxin.directory.tests.cast import POSTS, UNITS, make_cast

PASSWORD = "Min-Xin-2007-cast"


def main() -> None:
    make_cast()
    models.Person.objects.update(password=make_password(PASSWORD))
    rows = [
        {"username": f"{key}_{role.value}", "password": PASSWORD, "unit": UNITS[key][1], "roles": [role.value]}
        for key, roles in POSTS.items()
        for role in roles
    ]
    print(json.dumps(rows))
