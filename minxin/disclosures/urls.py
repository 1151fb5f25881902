"""The doors of public money: `public` for everybody, `desk` for staff."""

from django.urls import URLPattern, URLResolver, path

from minxin.disclosures.views import duties

Doors = list[URLPattern | URLResolver]

public: Doors = [
    path("duties/", duties.board, name="duties"),
    path("duties/<str:code>/", duties.unit, name="duties_of_unit"),
]
desk: Doors = []
