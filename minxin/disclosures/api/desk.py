"""/api/v1/desk/: what staff and their systems may call, each with a token of their own."""

from ninja import Router

from minxin.disclosures.api import submissions, vouchers

router = Router()
for _part in (submissions, vouchers):
    router.add_router("", _part.router)
