"""Who calls: a complainant with a query code, a channel or an officer with a token; or anybody."""

from django.http import HttpRequest
from django.utils.translation import gettext as _
from ninja.security import HttpBearer

from minxin.directory import reports as directory
from minxin.directory.rules import CITIZEN, Channel, Officer
from minxin.kernel import limits
from minxin.kernel.errors import Refused


class ChannelToken(HttpBearer):
    """Another system's token, where anybody may call without one: the channel, or CITIZEN when no token was sent."""

    def __call__(self, request: HttpRequest) -> Channel | Officer | None:
        if "HTTP_AUTHORIZATION" not in request.META:
            return CITIZEN
        found: Channel | None = super().__call__(request)
        return found

    def authenticate(self, request: HttpRequest, token: str) -> Channel | None:
        """At most 2 statements. Raises Refused `too_many` beyond the token's own limit per minute."""
        channel = directory.channel_by_token(token)
        if channel is None and directory.officer_by_token(token) is not None:
            raise Refused("forbidden", _("这是工作人员的令牌。登记来电、来信、来访请用 /api/v1/desk/cases。"))
        if channel is not None and channel.limit_per_minute is not None:
            key = f"channel:{channel.id}"
            if not limits.allow(key, limit=channel.limit_per_minute, seconds=60):
                raise Refused("too_many", _("这个渠道令牌本分钟的提交次数已用完，请下一分钟再试。"))
        return channel


class OfficerToken(HttpBearer):
    """An officer's token (`minxin token USERNAME`)."""

    def authenticate(self, request: HttpRequest, token: str) -> Officer | None:
        """No query, or 3 every half a minute. The officer, or None: then the door stays shut."""
        return directory.officer_by_token(token)
