"""Fixtures of the tests with runs."""

import pytest
from support.remembered import remember

from frs_pipeline.report.expectations import import_great_expectations


@pytest.fixture(scope="session", autouse=True)
def _promises_are_checked_here():
    """Runs in this process check promises in it: each would import Great Expectations anew in a process of its own."""
    import_great_expectations()
    remember()
