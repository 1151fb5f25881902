"""The doors of the portal: all of them public."""

from django.urls import URLPattern, URLResolver, path

from minxin.portal import views

public: list[URLPattern | URLResolver] = [
    path("", views.home, name="home"),
    path("ask/", views.ask, name="ask"),
    path("ledger/<slug:which>/", views.ledger, name="ledger"),
    path("money/", views.money_ledger, name="money"),
    path("accountability/", views.accountability, name="accountability"),
    path("stars/", views.stars, name="stars"),
    path("units/", views.units, name="units"),
    path("units/<str:code>/", views.unit_line, name="unit_line"),
    path("data/", views.data, name="data"),
    path("data/<slug:name>.<slug:form>", views.download, name="download"),
    path("disclosures/<slug:name>/", views.disclosure, name="disclosure"),
    path("about/", views.about, name="about"),
    path("privacy/", views.privacy, name="privacy"),
    path("sitemap.xml", views.sitemap, name="sitemap"),
]
desk: list[URLPattern | URLResolver] = []
