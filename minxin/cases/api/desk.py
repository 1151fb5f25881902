"""/api/v1/desk/: what staff may call, each with a token of their own."""

from ninja import Router

from minxin.cases.api.callers import OfficerToken

router = Router(auth=OfficerToken(), tags=["办理"])
