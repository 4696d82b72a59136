"""Webserver and daemon are killed with the history in PostgreSQL: its queue goes on, and the lost run is made again.

It waits for minutes: `make test-services MINUTES=yes` takes it along; the same with SQLite is one of `make test-browser`.
"""

from __future__ import annotations

import pytest
from browser.test_dagster_killed import (  # noqa: F401
    test_after_a_kill_of_all_processes_the_next_delivery_is_refreshed_and_the_lost_run_told,
)

pytestmark = pytest.mark.minutes
