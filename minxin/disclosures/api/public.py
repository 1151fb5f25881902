"""/api/v1/: what anybody may read of public money."""

from ninja import Router

from minxin.disclosures.api import allocation, publications

router = Router()
for _part in (allocation, publications):
    router.add_router("", _part.router)
