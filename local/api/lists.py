"""The lists that name every API: a new one goes to their end."""

from __future__ import annotations

import re

from local.api.plan import UnfitError


def with_last(source: str, entry: str, opening: str) -> str:
    r"""Return the module with one more entry at the end of the list that begins with a line.

    Raises UnfitError if there is no such list, or more than one.

    >>> with_last("A = (\n    1,\n)\n", "    2,", "A = (")
    'A = (\n    1,\n    2,\n)\n'
    """
    found = [*re.finditer(rf"^( *){re.escape(opening)}$(?:\n.*)*?\n(?=\1[\])])", source, re.MULTILINE)]
    if len(found) != 1:
        raise UnfitError(f"no list, or more than one, begins with {opening!r}: was its file rewritten?")
    end = found[0].end()
    return f"{source[:end]}{entry.rstrip()}\n{source[end:]}"
