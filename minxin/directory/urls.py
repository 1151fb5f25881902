"""The directory's doors. Sign-in pages are allauth's, at /desk/account/; lines of units are the portal's."""

from django.urls import URLPattern, URLResolver, path

from minxin.directory.views import imports, people, units

public: list[URLPattern | URLResolver] = []
desk: list[URLPattern | URLResolver] = [
    path("units/", units.unit_list, name="directory_units"),
    path("units/<str:code>/", units.unit_detail, name="directory_unit"),
    path("units/<str:code>/<str:noun>/", units.unit_act, name="directory_unit_act"),
    path("people/", people.person_list, name="directory_people"),
    path("people/<str:username>/", people.person_detail, name="directory_person"),
    path("people/<str:username>/appointments/<int:key>/end/", people.appointment_end, name="directory_appointment_end"),
    path("people/<str:username>/tokens/<int:key>/revocation/", people.token_revocation, name="directory_token"),
    path("people/<str:username>/<str:noun>/", people.person_act, name="directory_person_act"),
    path("directory/import/", imports.import_page, name="directory_import"),
    path("directory/import/template/", imports.import_template, name="directory_import_template"),
]
