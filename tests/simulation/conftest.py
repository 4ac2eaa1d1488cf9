"""What the simulations share."""

import logging

import pytest


@pytest.fixture(autouse=True, scope="package")
def _hush():
    """Thousands of watches that are disturbed on purpose would log as much."""
    log = logging.getLogger("watch")
    before = log.level
    log.setLevel(logging.CRITICAL)
    yield
    log.setLevel(before)
