"""The API's documentation, which is not our page: it too asks nothing of anybody else."""

import pytest

from tests.browser.visitors import Visitors

pytestmark = pytest.mark.browser


def test_the_api_documentation_works_under_the_strict_policy(visitors: Visitors) -> None:
    page = visitors.page()
    foreign: list[str] = []
    page.on(
        "request",
        lambda request: None if request.url.startswith((visitors.house.url, "data:")) else foreign.append(request.url),
    )
    page.goto("/api/v1/docs")
    page.locator(".swagger-ui .info .title").wait_for()
    assert "民心" in page.locator(".swagger-ui .info .title").inner_text()
    assert visitors.complaints == []
    assert foreign == []
