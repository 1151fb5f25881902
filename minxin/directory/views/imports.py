"""Units, posts and people from a file."""

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_http_methods, require_safe

from minxin.directory import forms, rules
from minxin.directory.actions import imports
from minxin.directory.views import acts
from minxin.directory.views.desk import DeskRequest, desk_view


@desk_view(*rules.may("import_directory"), *rules.may("import_people"))
@require_http_methods(["GET", "HEAD", "POST"])
def import_page(request: DeskRequest) -> HttpResponse:
    """Check a file, or check it and import it all: the report row by row either way."""
    form = forms.ImportForm(request.POST, request.FILES) if request.method == "POST" else forms.ImportForm()
    done: list[imports.Imported] = []
    dry = "import" not in request.POST
    if form.is_valid():
        acts.refused_into(
            form, lambda: done.append(imports.import_directory(rows=form.rows, by=request.officer, dry=dry))
        )
    result = done[0] if done else None
    status = 422 if form.errors or (result and result.findings) else 200
    response = render(request, "directory/import.html", {"form": form, "result": result, "dry": dry}, status=status)
    response["Cache-Control"] = "no-store"
    return response


@desk_view(*rules.may("import_directory"), *rules.may("import_people"))
@require_safe
def import_template(request: DeskRequest) -> HttpResponse:
    """The file to fill in."""
    kind = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
    headers = {"Content-Disposition": 'attachment; filename="directory.xlsx"'}
    return HttpResponse(forms.template(), content_type=kind, headers=headers)
