"""Who may be named for a sealed report: the posts of the body that looks into it, shown by office."""

from minxin.cases.models import Case, Custodian
from minxin.directory import reports as directory
from minxin.directory.rules import Role


def posts(case: Case) -> list[tuple[int, str]]:
    """3 queries. Discipline posts of the body that somebody holds and that are not named yet: (id, office in words).

    None of a body that answers to the accused: it may not know of the report (回避).
    """
    accused, body = case.accused_id, directory.unit(case.centre_id)
    if accused and directory.answers_to(body.id, of=accused):
        return []
    named = set(Custodian.objects.filter(case=case).values_list("post_id", flat=True))
    held = [row for row in directory.posts(body.id) if row.role == Role.DISCIPLINE and row.holders]
    return [(row.id, f"{body.short} {row.label}") for row in held if row.id not in named]
