"""`minxin stars`: compute the efficiency stars of all cases anew."""

from typing import Any

from django.core.management.base import BaseCommand

from minxin.cases.actions import timing


class Command(BaseCommand):
    """Recompute the stars from the clocks by the formula in force."""

    help = "按现行公式重新计算全部事项的结案效率星级。"

    def handle(self, *args: Any, **options: Any) -> None:
        """Say how many were looked at and how many changed."""
        looked, changed = timing.regrade()
        self.stdout.write(f"已计算 {looked} 件，其中 {changed} 件星级有变化。")
