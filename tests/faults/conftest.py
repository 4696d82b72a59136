"""Fixtures of the tests with bad input."""

import pytest
from big_delivery import four_questionnaires


@pytest.fixture(scope="session")
def four(tmp_path_factory):
    """The questionnaires of the big delivery."""
    return four_questionnaires(tmp_path_factory.mktemp("questionnaires"))
