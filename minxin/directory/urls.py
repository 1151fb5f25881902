"""The directory's doors. Sign-in pages are allauth's, at /desk/account/; lines of units are the portal's."""

from django.urls import URLPattern, URLResolver

public: list[URLPattern | URLResolver] = []
desk: list[URLPattern | URLResolver] = []
