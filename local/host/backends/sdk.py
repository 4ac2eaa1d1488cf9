"""Runs functions without a worker, with the converters of the azure-functions SDK.  For any Python.

Microsoft's code decodes and encodes requests, messages and responses.  Loading and calling are ours, and reject what
the worker rejects, as far as that is cheap; error messages are those of the worker (azure_functions_runtime 1.3.0,
functions.py, loader.py and handle_event.py).
"""

from __future__ import annotations

import asyncio
import importlib
import inspect
import json
import os
import threading
import traceback
import typing
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import azure.functions as func
from azure.functions.meta import Datum

from local.host.functions import Answer, CannotStartError, Function, Invocation, InvocationFailedError
from local.host.traces import TraceContext


@dataclass(frozen=True, slots=True)
class _Loaded:
    """A function, with the data of the worker's FunctionInfo."""

    function: Function
    call: Callable[..., Any]
    takes: type | None  #: the annotation of the trigger's parameter
    wants_context: bool
    returns: str | None  #: the type of its $return binding


class SdkBackend:
    """Async functions run on the event loop, others in threads, as in the worker."""

    def __init__(self) -> None:
        self._loaded: dict[str, _Loaded] = {}
        # https://learn.microsoft.com/azure/azure-functions/functions-app-settings#python_threadpool_thread_count
        threads = os.environ.get("PYTHON_THREADPOOL_THREAD_COUNT")
        self._threads = ThreadPoolExecutor(int(threads) if threads else None)

    async def start(self, app: Path) -> Sequence[Function]:
        """Index the app: import it, and check each function against its bindings."""
        try:
            for indexed in _register(app).get_functions():
                loaded = _load(indexed)
                self._loaded[loaded.function.name] = loaded
        except Exception:  # noqa: BLE001 -- importing an app can raise anything
            raise CannotStartError(f"function_app.py cannot be indexed:\n{traceback.format_exc()}") from None
        return [loaded.function for loaded in self._loaded.values()]

    async def invoke(self, invocation: Invocation) -> Answer | None:
        """Decode, call, encode."""
        loaded = self._loaded[invocation.function.name]
        try:
            arguments = _arguments(loaded, invocation)
            if inspect.iscoroutinefunction(loaded.call):
                returned = await loaded.call(**arguments)
            else:
                loop = asyncio.get_running_loop()
                returned = await loop.run_in_executor(self._threads, lambda: loaded.call(**arguments))
            return _answer(loaded, returned)
        except Exception:  # noqa: BLE001 -- so can a function; the worker catches the same
            raise InvocationFailedError(traceback.format_exc()) from None


def _register(app: Path) -> func.FunctionRegister:
    module = importlib.import_module("function_app")
    found = [value for value in vars(module).values() if isinstance(value, func.FunctionRegister)]
    if not found:
        raise ValueError(f"Could not find top level function app instances in {app / 'function_app.py'}.")
    if len(found) > 1:
        raise ValueError("More than one FunctionApp or other top level function app instances are defined.")
    return found[0]


def _load(indexed: Any) -> _Loaded:
    function = Function(indexed.get_function_name(), [json.loads(raw) for raw in indexed.get_raw_bindings()])
    call = indexed.get_user_function()
    parameters = set(inspect.signature(call).parameters)
    bound = {binding["name"] for binding in function.bindings} - {"$return"}
    wants_context = "context" in parameters - bound
    declared = parameters - {"context"} if wants_context else parameters
    if declared != bound:
        raise TypeError(
            f"cannot load the {function.name} function: its parameters {declared} are not its bindings {bound}"
        )
    takes = typing.get_type_hints(call).get(function.trigger["name"])
    if takes not in (None, str, bytes) and not _converter(function.trigger["type"]).check_input_type_annotation(takes):
        raise TypeError(
            f"cannot load the {function.name} function: {function.trigger['type']} does not give a {takes.__name__}"
        )
    returns = next((binding["type"] for binding in function.bindings if binding["name"] == "$return"), None)
    return _Loaded(function, call, takes, wants_context, returns)


def _arguments(loaded: _Loaded, invocation: Invocation) -> dict[str, Any]:
    trigger = loaded.function.trigger
    if loaded.takes in (str, bytes):  # the worker's "generic" binding: the bare value
        value = invocation.value.value
    else:
        value = _converter(trigger["type"]).decode(invocation.value, trigger_metadata=invocation.metadata)
    arguments = {trigger["name"]: value}
    if loaded.wants_context:
        arguments["context"] = _Context(loaded, invocation)
    return arguments


def _answer(loaded: _Loaded, returned: Any) -> Answer | None:
    if loaded.returns is None:
        if returned is not None:
            raise RuntimeError(f"function {loaded.function.name!r} without a $return binding returned a non-None value")
        return None
    try:
        encoded = _converter(loaded.returns).encode(returned, expected_type=None)
    except NotImplementedError:
        raise TypeError(
            f'unable to encode outgoing TypedData: unsupported type "{loaded.returns}"'
            f' for Python type "{type(returned).__name__}"'
        ) from None
    if encoded.type == "string":
        return Answer.text(encoded.value)
    return _http_answer(encoded.value)


def _http_answer(encoded: Mapping[str, Any]) -> Answer:
    headers = [(name, value.value) for name, value in encoded["headers"].items()]
    for cookie in encoded["cookies"] or ():
        headers += [("set-cookie", morsel.OutputString()) for morsel in cookie.values()]
    body: Datum = encoded["body"]
    return Answer(int(encoded["status_code"].value), headers, body.value)


def _converter(binding_type: str) -> Any:
    return func.get_binding_registry().get(binding_type)  # type: ignore[no-untyped-call]


@dataclass(frozen=True, slots=True)
class _TraceContext:
    trace_parent: str
    trace_state: str
    attributes: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class _RetryContext:
    """Queue messages are retried by the queue, so this is always zero."""

    retry_count: int = 0
    max_retry_count: int = 0
    exception: None = None


class _Context:
    """The value of a parameter named `context`; it has the attributes of `azure.functions.Context`."""

    thread_local_storage = threading.local()

    def __init__(self, loaded: _Loaded, invocation: Invocation) -> None:
        trace: TraceContext = invocation.trace
        self.invocation_id = invocation.id
        self.function_name = loaded.function.name
        self.function_directory = str(Path(inspect.getfile(loaded.call)).parent)
        self.trace_context = _TraceContext(trace.parent, trace.state, {})
        self.retry_context = _RetryContext()
