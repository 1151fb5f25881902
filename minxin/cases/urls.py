"""The doors of the cases: `public` for everybody, `desk` for staff."""

from django.urls import URLPattern, URLResolver, path

from minxin.cases.views import boards, calendar, catalogue, filing, track
from minxin.cases.views import desk as lists
from minxin.cases.views import public as published

Doors = list[URLPattern | URLResolver]

public: Doors = [
    path("file/", filing.file, name="file"),
    path("file/receipt/", filing.receipt, name="receipt"),
    path("track/", track.track, name="track"),
    path("track/leave/", track.leave, name="track_leave"),
    path("track/files/<slug:ref>/", track.attachment, name="track_file"),
    path("track/<slug:verb>/", track.act, name="track_act"),
    path("cases/", published.public_cases, name="public_cases"),
    path("cases/<str:ref>/", published.public_case, name="public_case"),
    path("cases/<str:ref>/support/", published.support, name="support"),
]
desk: Doors = [
    path("", lists.home, name="desk_home"),
    path("search/", lists.listing, name="desk_search"),
    path("enter/", boards.enter, name="desk_enter"),
    path("supervision/", boards.supervision, name="desk_supervision"),
    path("minute/", boards.minute, name="desk_minute"),
    path("cases/", lists.listing, name="desk_list"),
    path("cases/export/", lists.export, name="desk_export"),
    path("cases/batch/", lists.batch, name="desk_batch"),
    path("cases/units/", lists.units, name="desk_units"),
    path("calendar/", calendar.year, name="desk_calendar"),
    path("calendar/<str:noun>/", calendar.change, name="desk_calendar_change"),
    path("catalogue/", catalogue.tree, name="desk_catalogue"),
    path("catalogue/categories/", catalogue.top, name="desk_categories"),
    path("catalogue/categories/<str:code>/", catalogue.category, name="desk_category"),
    path("catalogue/categories/<str:code>/words/removal/", catalogue.word_removal, name="desk_word_removal"),
    path("catalogue/categories/<str:code>/<str:noun>/", catalogue.category, name="desk_category_change"),
    path("catalogue/duties/", catalogue.duty_list, name="desk_duties"),
    path("catalogue/duties/sheet/", catalogue.duty_sheet, name="desk_duty_sheet"),
    path("catalogue/duties/import/", catalogue.duty_import, name="desk_duty_import"),
    path("catalogue/duties/<str:category>/<str:region>/end/", catalogue.duty_end, name="desk_duty_end"),
    path("catalogue/words/", catalogue.word_list, name="desk_words"),
    path("catalogue/limits/", catalogue.limit_list, name="desk_limits"),
    path("catalogue/limits/<int:row>/end/", catalogue.limit_end, name="desk_limit_end"),
    path("catalogue/trial/", catalogue.trial, name="desk_trial"),
    path("cases/<str:ref>/", lists.case, name="desk_case"),
    path("cases/<str:ref>/print/", lists.printed, name="desk_print"),
    path("cases/<str:ref>/identity/", lists.identity, name="desk_identity"),
    path("cases/<str:ref>/files/<str:file>/", lists.attachment, name="desk_file"),
    path("cases/<str:ref>/<str:verb>/", lists.act, name="desk_act"),
]
