"""The directory's doors. Sign-in pages are allauth's, at /desk/account/; lines of units are the portal's."""

from django.urls import URLPattern, URLResolver, path

from minxin.directory.views import account, imports, log, people, regions, units

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
    path("regions/", regions.region_home, name="directory_regions"),
    path("regions/<str:code>/", regions.region_detail, name="directory_region"),
    path("regions/<str:code>/<str:noun>/", regions.region_act, name="directory_region_act"),
    path("log/", log.log_list, name="directory_log"),
    path("log/export/", log.log_export, name="directory_log_export"),
    path("log/<str:stream>/<int:seq>/", log.log_event, name="directory_event"),
    path("account/", account.account, name="directory_account"),
    path("account/tokens/<int:key>/revocation/", account.token_revocation, name="directory_own_token"),
    path("directory/import/", imports.import_page, name="directory_import"),
    path("directory/import/template/", imports.import_template, name="directory_import_template"),
]
