"""/api/v1/: what anybody may read of public money."""

from ninja import Router

from minxin.disclosures.api import allocation, pipe, publications

router = Router()
for _part in (allocation, publications, pipe):
    router.add_router("", _part.router)
