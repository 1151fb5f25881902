"""The directory's doors. Sign-in pages are allauth's, at /desk/account/; lines of units are the portal's."""

from django.urls import URLPattern, URLResolver, path

from minxin.directory import views

public: list[URLPattern | URLResolver] = []
desk: list[URLPattern | URLResolver] = [
    path("units/", views.unit_list, name="directory_units"),
    path("units/<str:code>/", views.unit_detail, name="directory_unit"),
    path("units/<str:code>/<str:noun>/", views.unit_act, name="directory_unit_act"),
    path("people/", views.person_list, name="directory_people"),
    path("people/<str:username>/", views.person_detail, name="directory_person"),
    path("people/<str:username>/appointments/<int:key>/end/", views.appointment_end, name="directory_appointment_end"),
    path("people/<str:username>/tokens/<int:key>/revocation/", views.token_revocation, name="directory_token"),
    path("people/<str:username>/<str:noun>/", views.person_act, name="directory_person_act"),
    path("directory/import/", views.import_page, name="directory_import"),
    path("directory/import/template/", views.import_template, name="directory_import_template"),
]
