"""/api/v1/: what anybody may call."""

from ninja import Router

from minxin.cases.api import filing, following, openings

router = Router()
for _part in (filing, following, openings):
    router.add_router("", _part.router)
