"""/api/v1/: what anybody may call."""

from ninja import Router

from minxin.cases.api import filing

router = Router()
router.add_router("", filing.router)
