"""The doors of the house's looks: preferences, and the style guide while developing."""

from django.conf import settings
from django.urls import URLPattern, URLResolver, path

from minxin.ui import views

public: list[URLPattern | URLResolver] = [
    path("preferences/", views.preferences, name="preferences"),
    path("accessibility/", views.accessibility, name="accessibility"),
]
desk: list[URLPattern | URLResolver] = []

if settings.DEBUG:
    public.append(path("style/", views.style, name="style"))
    desk.append(path("style/", views.style_desk, name="desk_style"))
