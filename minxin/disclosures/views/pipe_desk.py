"""The pipe's desk: what waits for whom, a unit's lines and plans, its requests and contracts, and their reviews."""

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from minxin.directory.rules import Role
from minxin.directory.views.desk import DeskRequest, desk_view
from minxin.disclosures.reports import pipe_desk as reports

# Who has work in the pipe, and who looks on: an observer reads, and is offered nothing.
READERS = (Role.CLERK, Role.LEADER, Role.HEAD, Role.BUDGET, Role.CASHIER, Role.BANKER, Role.OBSERVER)


@require_safe
@desk_view(*READERS)
def home(request: DeskRequest) -> HttpResponse:
    """What waits for this officer in the pipe."""
    return render(request, "disclosures/desk/pipe/home.html", {"waiting": reports.waiting(request.officer)})
