from datetime import datetime, timedelta

import pytest
from django.db import connection

from minxin.kernel import actions, clocks, limits
from minxin.kernel.models import RateWindow

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 11, 23, 12, tzinfo=clocks.ZONE)


def test_so_often_and_no_more_until_the_next_window(django_assert_num_queries):
    with clocks.at(NOON):
        with django_assert_num_queries(4):
            assert [limits.allow("198.51.100.7", limit=3, seconds=60) for _ in range(4)] == [True, True, True, False]
        assert limits.allow("198.51.100.8", limit=3, seconds=60)
    with clocks.at(NOON + timedelta(seconds=59)):
        assert not limits.allow("198.51.100.7", limit=3, seconds=60)
    with clocks.at(NOON + timedelta(seconds=60)):
        assert limits.allow("198.51.100.7", limit=3, seconds=60)
    with clocks.at(NOON - timedelta(days=7000)):
        assert limits.allow("198.51.100.7", limit=3, seconds=60)


def test_two_rules_over_one_key_count_apart():
    with clocks.at(NOON):
        assert limits.allow("k", limit=1, seconds=60)
        assert limits.allow("k", limit=1, seconds=3600)
        assert not limits.allow("k", limit=1, seconds=3600)


def test_the_counters_are_dropped_at_night():
    with clocks.at(NOON):
        assert limits.allow("k", limit=1, seconds=60)
        actions.clear_rate_windows()
        assert limits.allow("k", limit=1, seconds=60)
    assert RateWindow.objects.count() == 1


def test_the_key_itself_is_not_stored():
    limits.allow("198.51.100.7", limit=3, seconds=60)
    assert "198.51" not in RateWindow.objects.get().key


def test_the_counters_and_the_shared_cache_are_unlogged():
    with connection.cursor() as cursor:
        cursor.execute("SELECT relname FROM pg_class WHERE relpersistence = 'u' AND relname IN"
                       " ('kernel_ratewindow', 'kernel_cache')")  # fmt: skip
        assert len(cursor.fetchall()) == 2


def test_the_shared_cache_has_its_table():
    from django.core.cache import caches

    caches["shared"].set("k", "v", 60)
    assert caches["shared"].get("k") == "v"
