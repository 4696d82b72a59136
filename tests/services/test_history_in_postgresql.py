"""Sensors, the night, lost and old runs, incidents and the search for leaks, with the history in PostgreSQL.

They are the same tests as with SQLite, and lie where they are imported from.
"""

from __future__ import annotations

import yaml
from faults.conftest import _promises_are_checked_here, delivery, good  # noqa: F401 - fixtures
from faults.test_every_run_is_searched import (  # noqa: F401
    environment,
    test_a_history_that_cannot_be_looked_at_says_so,
    test_what_a_run_left_that_was_killed_or_stopped_is_searched_afterwards,
    test_what_is_kept_elsewhere_of_a_run_that_failed_is_searched_and_both_are_told,
)
from pipeline.test_old_runs import (  # noqa: F401
    home,
    test_old_runs_go_but_for_the_newest_of_each_delivery_and_those_in_progress,
)
from pipeline.test_operations import (  # noqa: F401
    instance,
    listener,
    settings,
    test_a_check_that_begins_to_fail_leaves_a_page_once,
    test_a_failed_run_leaves_a_page_with_the_line_that_a_person_can_act_on,
    test_an_alert_that_was_not_taken_is_sent_again_until_it_is_and_never_twice,
)

from frs_pipeline.store.settings import PROJECT


def test_but_for_the_storage_the_instance_is_that_of_make_ui() -> None:
    shipped, embedded = (
        yaml.safe_load((PROJECT / folder / "dagster.yaml").read_text(encoding="utf-8"))
        for folder in ("deploy/postgresql", ".dagster_home")
    )
    assert shipped.pop("storage") == {"postgres": {"postgres_url": {"env": "FRS_POSTGRES_URL"}}}
    assert shipped == embedded
