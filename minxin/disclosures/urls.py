"""The doors of public money: `public` for everybody, `desk` for staff."""

from django.urls import URLPattern, URLResolver

Doors = list[URLPattern | URLResolver]

public: Doors = []
desk: Doors = []
