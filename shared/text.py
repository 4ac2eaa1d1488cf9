"""Texts from outside, made fit to be shown."""

from __future__ import annotations


def tidy(text: str, longest: int) -> str:
    r"""Make a text from outside fit for one cell of a table: one line, bounded, encodable.

    >>> tidy("  <b>no\n such\ud800 job", 12)
    '<b>no such?…'
    """
    line = " ".join(text.encode("utf-8", "replace").decode().split())
    line = "".join(character if character.isprintable() else "?" for character in line)
    return line if len(line) <= longest else line[: longest - 1] + "…"
