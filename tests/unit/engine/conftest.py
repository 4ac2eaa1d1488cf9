"""An engine, and one that has started a watch."""

import pytest

from tests.unit.engine.world import World


@pytest.fixture
def world():
    return World()


@pytest.fixture
def started(world):
    world.start()
    world.sent.clear()
    return world
