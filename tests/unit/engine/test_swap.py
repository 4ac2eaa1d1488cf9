"""Compare-and-swap, for a client whose answers may be lost."""

import asyncio
from dataclasses import replace

import pytest

from shared.engine.ports import Conflict
from shared.engine.swap import swap
from tests.builders import a_watch
from tests.memory import Forgetful, MemoryWatches


def test_our_own_write_whose_answer_was_lost_is_no_conflict():
    rows = Forgetful()

    async def scenario():
        inserted = await rows.insert(a_watch())
        return await swap(rows, replace(inserted, seq=1))

    swapped = asyncio.run(scenario())

    assert swapped == a_watch(seq=1)
    assert swapped.etag == rows.rows[swapped.id].etag


def test_someone_elses_write_is_one():
    rows = MemoryWatches()

    async def scenario():
        inserted = await rows.insert(a_watch())
        await rows.commit(replace(inserted, seq=1, stepped_by="other"))
        await swap(rows, replace(inserted, seq=1, stepped_by="m"))

    with pytest.raises(Conflict):
        asyncio.run(scenario())


def test_a_row_that_is_gone_is_one():
    with pytest.raises(Conflict):
        asyncio.run(swap(MemoryWatches(), a_watch()))
