"""Answers that are kept for a day by their Idempotency-Key, so that a request sent again is not done again."""

from __future__ import annotations

import hashlib
import json
import logging
import zlib
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from azure.core import MatchConditions
from azure.core.exceptions import ResourceExistsError, ResourceModifiedError, ResourceNotFoundError
from azure.data.tables import UpdateMode
from azure.data.tables.aio import TableClient

from shared import problems
from shared.idempotency import Answer, digest
from shared.watching import Conflict

log = logging.getLogger("watch.replays")

#: How long a key stands for its answer.
KEPT_FOR = timedelta(days=1)

#: A request that has not been answered by then never will be: it is longer than a turn may take.
GIVEN_UP_AFTER = timedelta(minutes=3)

#: "Binary: an array of bytes up to 64 KiB in size"
#: https://learn.microsoft.com/rest/api/storageservices/understanding-the-table-service-data-model
LARGEST_CELL = 64 * 1024


@dataclass(frozen=True, slots=True)
class Replays:
    """Answers by key, in a table."""

    table: TableClient
    now: Callable[[], datetime]

    async def once(self, key: str, request: bytes, make: Callable[[], Awaitable[Answer]]) -> Answer:
        """Make the answer to a request, or give the one that was made before; raises `Problem`.

        What raises is not kept: the same key may be sent again.
        """
        row = _keys(key) | {"Request": hashlib.sha256(request).hexdigest(), "At": self.now()}
        etag = await self._claim(row)
        if isinstance(etag, Answer):
            return etag
        try:
            answer = await make()
        except Exception:
            await self.table.delete_entity(row["PartitionKey"], row["RowKey"])
            raise
        try:
            await self.table.update_entity(
                row | _cells(answer), UpdateMode.REPLACE, etag=etag, match_condition=MatchConditions.IfNotModified
            )
        except (ResourceModifiedError, ResourceNotFoundError):  # it took so long that it was given up; ours is as good
            log.warning("answer.not_kept key=%s", row["RowKey"])
        return answer

    async def forget(self) -> None:
        """Remove what was kept long enough."""
        old = self.table.query_entities("At lt @before", parameters={"before": self.now() - KEPT_FOR})
        async for row in old:
            try:
                await self.table.delete_entity(
                    row, etag=row.metadata["etag"], match_condition=MatchConditions.IfNotModified
                )
            except ResourceModifiedError:  # its key has just been used anew
                continue

    async def _claim(self, row: dict[str, Any]) -> str | Answer:
        """Take a key for a request, and give the ETag of its row; or the answer that is there."""
        try:
            created = await self.table.create_entity(row)
        except ResourceExistsError:
            pass
        else:
            return str(created["etag"])
        try:
            found = await self.table.get_entity(row["PartitionKey"], row["RowKey"])
        except ResourceNotFoundError as error:  # it has just been given back
            raise Conflict("idempotency key") from error
        age = self.now() - found["At"]
        if age < KEPT_FOR:
            if found["Request"] != row["Request"]:
                raise problems.key_reused()
            if "Status" in found:
                return _answer(found)
            if age < GIVEN_UP_AFTER:
                raise problems.under_way()
        try:
            taken = await self.table.update_entity(
                row,
                UpdateMode.REPLACE,
                etag=found.metadata["etag"],
                match_condition=MatchConditions.IfNotModified,
            )
        except (ResourceModifiedError, ResourceNotFoundError) as error:
            raise Conflict("idempotency key") from error
        return str(taken["etag"])


def _keys(key: str) -> dict[str, Any]:
    return {"PartitionKey": digest(key)[:2], "RowKey": digest(key)}


def _cells(answer: Answer) -> dict[str, Any]:
    packed = zlib.compress(answer.body.encode())
    pieces = [packed[start : start + LARGEST_CELL] for start in range(0, len(packed), LARGEST_CELL)]
    bodies = {f"Body{number}": piece for number, piece in enumerate(pieces)}
    return {"Status": answer.status, "Headers": json.dumps(dict(answer.headers)), **bodies}


def _answer(row: Mapping[str, Any]) -> Answer:
    bodies = sorted((int(name.removeprefix("Body")), name) for name in row if name.startswith("Body"))
    packed = b"".join(row[name] for _, name in bodies)
    return Answer(row["Status"], json.loads(row["Headers"]), zlib.decompress(packed).decode())
