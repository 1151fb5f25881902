"""The doors of public money: `public` for everybody, `desk` for staff."""

from django.urls import URLPattern, URLResolver, path

from minxin.disclosures.views import allocation, duties

Doors = list[URLPattern | URLResolver]

public: Doors = [
    path("budget/", allocation.newest, name="budget_whole"),
    path("budget/<int:year>/", allocation.drill, name="budget"),
    path("budget/<int:year>/table.csv", allocation.table, name="budget_table"),
    path("budget/<int:year>/versions/", allocation.sides, name="budget_versions"),
    path("budget/<int:year>/three/", allocation.three_expenses, name="budget_three"),
    path("budget/units/<str:code>/", allocation.unit, name="budget_unit"),
    path("duties/", duties.board, name="duties"),
    path("duties/<str:code>/", duties.unit, name="duties_of_unit"),
]
desk: Doors = []
