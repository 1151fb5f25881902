"""The doors of public money: `public` for everybody, `desk` for staff."""

from django.urls import URLPattern, URLResolver, path

from minxin.disclosures.views import (
    allocation,
    duties,
    duties_desk,
    pipe,
    pipe_desk,
    publications,
    publishing,
    submissions,
)

Doors = list[URLPattern | URLResolver]

public: Doors = [
    path("budget/", allocation.newest, name="budget_whole"),
    path("budget/<int:year>/", allocation.drill, name="budget"),
    path("budget/<int:year>/table.csv", allocation.table, name="budget_table"),
    path("budget/<int:year>/versions/", allocation.sides, name="budget_versions"),
    path("budget/<int:year>/three/", allocation.three_expenses, name="budget_three"),
    path("budget/units/<str:code>/", allocation.unit, name="budget_unit"),
    path("pipe/", pipe.newest, name="pipe_newest"),
    path("pipe/<int:year>/", pipe.pipe, name="pipe"),
    path("pipe/<int:year>/payments/", pipe.payments, name="pipe_payments"),
    path("pipe/<int:year>/payments.csv", pipe.table, name="pipe_table"),
    path("pipe/<int:year>/lines/", pipe.lines, name="pipe_lines"),
    path("pipe/<int:year>/pace/", pipe.pace, name="pipe_pace"),
    path("pipe/<int:year>/idle/", pipe.standing, name="pipe_idle"),
    path("pipe/payments/<str:ref>/", pipe.payment, name="pipe_payment"),
    path("pipe/lines/<str:ref>/", pipe.line, name="pipe_line"),
    path("pipe/contracts/<str:unit>/<path:contract_no>/", pipe.contract, name="pipe_contract"),
    path("publications/", publications.listing, name="publications"),
    path("publications/guide/", publications.guide, name="publications_guide"),
    path("publications/rules/", submissions.rules, name="check_rules"),
    path("publications/<str:ref>/", publications.act, name="publication"),
    path("publications/<str:ref>/diff/", publications.diff, name="publication_diff"),
    path("publications/<str:ref>/files/<str:name>", publications.file, name="publication_file"),
    path("publications/<str:ref>/rows/<int:leaf>/", publications.row, name="publication_row"),
    path("publications/<str:ref>/rows/<int:leaf>/proof.json", publications.proof, name="publication_proof"),
    path("tables/<str:unit>/<int:year>/<str:version>/<str:sheet>/", publications.table, name="public_table"),
    path(
        "tables/<str:unit>/<int:year>/<str:version>/<str:sheet>/table.csv",
        publications.table_csv,
        name="public_table_csv",
    ),
    path("duties/", duties.board, name="duties"),
    path("duties/<str:code>/", duties.unit, name="duties_of_unit"),
]
desk: Doors = [
    path("submissions/", submissions.listing, name="desk_submissions"),
    path("submissions/new/", submissions.upload, name="desk_upload"),
    path("submissions/template/", submissions.template, name="desk_template"),
    path("submissions/<str:ref>/", submissions.submission, name="desk_submission"),
    path("submissions/<str:ref>/findings/", submissions.findings, name="desk_submission_findings"),
    path("submissions/<str:ref>/file/", submissions.original, name="desk_submission_file"),
    path("submissions/<str:ref>/<str:verb>/", submissions.act, name="desk_submission_act"),
    path("pipe/proofs/", pipe.proofs, name="desk_proofs"),
    path("pipe/", pipe_desk.home, name="desk_pipe"),
    path("duties/", duties_desk.listing, name="desk_duties"),
    path("duties/approvals/", duties_desk.approvals, name="desk_approvals"),
    path("duties/approvals/new/", duties_desk.register, name="desk_approve"),
    path("duties/approvals/<int:key>/", duties_desk.approval, name="desk_approval"),
    path("duties/<str:unit>/<int:year>/<str:rule>/", duties_desk.duty, name="desk_duty"),
    path("publishing/", publishing.waiting, name="desk_publishing"),
    path("publishing/acts/", publishing.publish, name="desk_publish"),
    path("publishing/city/", publishing.publish_city, name="desk_publish_city"),
    path("publishing/runs/<int:key>/", publishing.run, name="desk_city_run"),
    path("publishing/runs/<int:key>/progress/", publishing.progress, name="desk_city_progress"),
]
