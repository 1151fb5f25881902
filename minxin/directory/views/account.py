"""One's own account: duties, last sign-in, age of the password, second factor, tokens."""

from allauth.mfa.utils import is_mfa_enabled
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from minxin.directory import reports
from minxin.directory.actions import tokens
from minxin.directory.views.desk import DeskRequest, desk_view


@desk_view()
@require_safe
def account(request: DeskRequest) -> HttpResponse:
    """Everything the house knows about this officer's account, and where to change it."""
    facts = {"account": reports.own_account(request.officer), "has_factor": is_mfa_enabled(request.user)}
    return render(request, "directory/account.html", facts)


@desk_view()
@require_POST
def token_revocation(request: DeskRequest, key: int) -> HttpResponse:
    """Revoke a token of one's own."""
    tokens.revoke_token(token=key, by=request.officer)
    messages.success(request, _("令牌已作废，最迟三十秒后处处失效。"))
    return redirect("directory_account")
