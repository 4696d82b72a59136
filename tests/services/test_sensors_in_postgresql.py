"""The sensors that take deliveries up and find lost runs, and the night, with the history in PostgreSQL: the tests of SQLite."""

from __future__ import annotations

from pipeline.test_unattended import (  # noqa: F401
    instance,
    look,
    search,
    settings,
    test_a_run_of_a_changed_delivery_makes_what_is_due_and_no_more,
    test_a_run_that_goes_on_is_let_alone,
    test_a_run_whose_process_is_gone_is_reported_failed_and_dagster_makes_it_again_once,
    test_where_only_the_manifest_is_due_only_the_search_and_the_manifest_are_made,
)
