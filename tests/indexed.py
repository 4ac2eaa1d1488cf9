"""The app's functions, as the Functions host indexes them."""

import runpy
from functools import cache
from pathlib import Path
from typing import Any


@cache
def indexed() -> list[Any]:
    """Index an app of its own: one can be indexed only once."""
    functions: list[Any] = runpy.run_path(str(Path(__file__).parents[1] / "function_app.py"))["app"].get_functions()
    return functions
