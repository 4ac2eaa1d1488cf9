"""Which version of the client this is."""

from __future__ import annotations

import re
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

NAME = "itwin-job-watch"

#: In a checkout, where nothing is installed, the app says it.
OF_THE_APP = Path(__file__).parents[1] / "shared" / "version.py"


def _version() -> str:
    """Return the version that was installed, or that of the checkout."""
    try:
        return version(NAME)
    except PackageNotFoundError:
        said = re.search(r'^VERSION = "(.+)"$', OF_THE_APP.read_text(encoding="utf-8"), re.MULTILINE)
        return said[1] if said else "unknown"


VERSION = _version()

#: What the client calls itself to the app and to the platform.
USER_AGENT = f"{NAME}/{VERSION}"
