"""Serves operations: route and methods come from the same data as the OpenAPI document."""

from collections.abc import Callable
from typing import Any

import azure.functions as func

from functions.support.answers import Trigger, answered
from shared.web.operations import Operation


def serves(bp: func.Blueprint, operation: Operation, *more: Operation) -> Callable[[Trigger], Any]:
    """Register a trigger for an operation, and for further methods of its path."""
    level = func.AuthLevel.FUNCTION if operation.takes_key else func.AuthLevel.ANONYMOUS
    methods = [method for one in (operation, *more) for method in one.methods]

    def decorate(trigger: Trigger) -> Any:
        return bp.route(route=operation.path, methods=methods, auth_level=level)(answered(trigger))

    return decorate
