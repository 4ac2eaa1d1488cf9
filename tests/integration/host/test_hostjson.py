"""What the host takes from host.json, and what it refuses."""

import json
import os
from datetime import timedelta

import pytest

from local.host import hostjson
from local.host.functions import CannotStartError


def read(tmp_path, **content):
    (tmp_path / "host.json").write_text(json.dumps({"version": "2.0", **content}))
    return hostjson.read(tmp_path)


def test_the_defaults_are_the_hosts(tmp_path):
    host = read(tmp_path)
    assert host.function_timeout == timedelta(minutes=30)
    assert host.extensions.http.route_prefix == "api"
    queues = host.extensions.queues
    assert queues.batch_size == 16
    assert queues.threshold == 8 * (os.cpu_count() or 1)
    assert queues.max_polling_interval == timedelta(minutes=1)
    assert queues.visibility_timeout == timedelta(0)
    assert queues.max_dequeue_count == 5
    assert queues.message_encoding == "base64"


def test_everything_can_be_set(tmp_path):
    queues = {
        "batchSize": 32,
        "newBatchThreshold": 0,
        "maxPollingInterval": "00:00:02.5",
        "visibilityTimeout": "1.02:03:04",
        "maxDequeueCount": 7,
        "messageEncoding": "None",
    }
    host = read(tmp_path, functionTimeout="-1", extensions={"http": {"routePrefix": ""}, "queues": queues}, logging={})
    assert host.function_timeout is None
    assert host.extensions.http.route_prefix == ""
    assert host.extensions.queues.batch_size == 32
    assert host.extensions.queues.threshold == 0
    assert host.extensions.queues.max_polling_interval == timedelta(seconds=2.5)
    assert host.extensions.queues.visibility_timeout == timedelta(days=1, hours=2, minutes=3, seconds=4)
    assert host.extensions.queues.max_dequeue_count == 7
    assert host.extensions.queues.message_encoding == "none"


def test_the_environment_overrides_single_values(tmp_path):
    (tmp_path / "host.json").write_text('{"version": "2.0", "extensions": {"queues": {"batchSize": 1}}}')
    prefix = "AzureFunctionsJobHost__extensions__queues__"
    host = hostjson.read(tmp_path, {prefix + "visibilityTimeout": "00:00:01", prefix + "maxDequeueCount": "2"})
    assert host.extensions.queues.visibility_timeout == timedelta(seconds=1)
    assert host.extensions.queues.max_dequeue_count == 2
    assert host.extensions.queues.batch_size == 1


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("batchSize", 0),
        ("batchSize", 33),
        ("newBatchThreshold", -1),
        ("maxPollingInterval", "00:00:00.05"),
        ("maxPollingInterval", 2),
        ("maxPollingInterval", "00:00:60"),
        ("visibilityTimeout", "8.00:00:00"),
        ("visibilityTimeout", "-00:00:01"),
        ("maxDequeueCount", 0),
        ("messageEncoding", "base32"),
    ],
)
def test_a_value_out_of_range_is_named(tmp_path, name, value):
    with pytest.raises(CannotStartError, match=rf"extensions\.queues\.{name}: "):
        read(tmp_path, extensions={"queues": {name: value}})


@pytest.mark.parametrize("timeout", ["00:00:00", "5 minutes", 300])
def test_a_timeout_must_be_one(tmp_path, timeout):
    with pytest.raises(CannotStartError, match="functionTimeout: "):
        read(tmp_path, functionTimeout=timeout)


def test_the_file_must_be_there_and_be_json_of_version_2(tmp_path):
    with pytest.raises(CannotStartError, match=r"no host\.json"):
        hostjson.read(tmp_path)
    with pytest.raises(CannotStartError, match="version: "):
        read(tmp_path, version="1.0")
    (tmp_path / "host.json").write_text("{")
    with pytest.raises(CannotStartError, match="is not JSON"):
        hostjson.read(tmp_path)
