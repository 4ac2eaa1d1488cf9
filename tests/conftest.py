"""What several kinds of tests share."""

import signal

import pytest
from hypothesis import settings

from local.parts.azurite import azurite as run_azurite
from tests.simulator import address, simulator, stranger

# How long an example takes depends on what else the machine does, and is no business of a test.
settings.register_profile("patient", deadline=None)
settings.register_profile("thorough", deadline=None, max_examples=300)
settings.load_profile("patient")

# Some tests press Ctrl-C.  A shell lets what it runs in the background ignore that, and programs inherit it.
signal.signal(signal.SIGINT, signal.default_int_handler)

__all__ = ["address", "azurite", "simulator", "stranger"]


#: Folders of tests that take long; a file elsewhere says so itself.
SLOW = {"e2e", "simulation"}


def pytest_collection_modifyitems(items):
    """Mark what `python3 -m local test --quick` leaves out, which is also what is thorough.

    It runs first: files that mostly wait overlap with each other, and short ones fill the end.
    """
    for item in items:
        if SLOW & {*item.path.parts} or item.get_closest_marker("thorough"):
            item.add_marker(pytest.mark.slow)
    items.sort(key=lambda item: item.get_closest_marker("slow") is None)


@pytest.fixture(scope="session")
def azurite(tmp_path_factory):
    """A connection string to an Azurite that lives as long as the test session."""
    with run_azurite(tmp_path_factory.mktemp("azurite")) as connection_string:
        yield connection_string
