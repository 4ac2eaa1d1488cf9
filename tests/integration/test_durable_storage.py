"""Azurite for data that last: what it has acknowledged is there after a kill."""

import json
import os
import random
import signal
import sys
import threading

import pytest
from azure.core.exceptions import AzureError
from azure.data.tables import TableServiceClient
from azure.storage.queue import QueueClient

from local.parts.azurite import prepare_lasting
from local.parts.stack import DIRECT

KEY = "QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVo="
ONCE = {**DIRECT, "retry_total": 0}

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform == "win32", reason="no signals"),
]


@pytest.fixture
def storage(tmp_path):
    service, connection = prepare_lasting(tmp_path / "with a blank", tmp_path / "log", KEY, [])
    with service.running():
        yield service, connection


def table(connection):
    return TableServiceClient.from_connection_string(connection, **ONCE).create_table_if_not_exists("Rows")


def kill(service):
    os.killpg(service.process.pid, signal.SIGKILL)
    service.process.wait()
    service.stop()


def restart(service):
    kill(service)
    service.start()


def rows_in(connection):
    with table(connection) as rows:
        return {row["RowKey"]: row["Value"] for row in rows.list_entities()}


@pytest.mark.filterwarnings("ignore")  # what a killed server leaves of a connection
def test_a_kill_at_any_moment_loses_nothing_that_was_acknowledged(storage):
    service, connection = storage
    draw = random.Random(7)  # noqa: S311 -- the same each time
    kept, sent = {}, 0
    with QueueClient.from_connection_string(connection, "tickets", **ONCE) as queue:
        queue.create_queue()
        for kills in range(4):
            killer = threading.Timer(draw.uniform(0.2, 1.5), os.killpg, (service.process.pid, signal.SIGKILL))
            killer.start()
            try:
                with table(connection) as rows:
                    for number in range(10_000):
                        key = str(number % 20)  # most are updated, some removed
                        rows.upsert_entity({"PartitionKey": "p", "RowKey": key, "Value": f"{kills}-{number}"})
                        kept[key] = f"{kills}-{number}"
                        queue.send_message(f"{kills}-{number}", visibility_timeout=3600)
                        sent += 1
            except (AzureError, AttributeError):  # the latter from an answer that breaks off
                kept.pop(key, None)  # this one may be there or not
            killer.join()
            restart(service)
            found = rows_in(connection)
            assert {name: found.get(name) for name in kept} == kept
            assert (queue.get_queue_properties().approximate_message_count or 0) >= sent


def test_what_was_removed_stays_removed_and_new_rows_do_not_take_its_place(storage):
    service, connection = storage
    with table(connection) as rows:
        for key in "abc":
            rows.create_entity({"PartitionKey": "p", "RowKey": key, "Value": key})
        rows.delete_entity("p", "b")
    restart(service)
    with table(connection) as rows:
        rows.create_entity({"PartitionKey": "p", "RowKey": "d", "Value": "d"})
    restart(service)

    assert rows_in(connection) == {"a": "a", "c": "c", "d": "d"}


def test_a_line_that_was_not_written_to_its_end_is_no_line(storage, tmp_path):
    service, connection = storage
    with table(connection) as rows:
        rows.create_entity({"PartitionKey": "p", "RowKey": "a", "Value": "a"})
    kill(service)
    (log,) = (tmp_path / "with a blank").glob("__azurite_db_table__.json.log.*")
    json.loads(log.read_text().splitlines()[-1])
    with log.open("a") as torn:
        torn.write('{"collection": "')

    service.start()

    assert rows_in(connection) == {"a": "a"}


def test_only_its_own_key_opens_it(storage):
    _, connection = storage
    usual = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="

    with pytest.raises(AzureError):
        table(connection.replace(KEY, usual))


def test_it_ends_with_the_process_that_started_it(storage):
    service, connection = storage
    with table(connection) as rows:
        rows.create_entity({"PartitionKey": "p", "RowKey": "a", "Value": "a"})

    service.process.stdin.close()

    assert service.process.wait(20) == 0
