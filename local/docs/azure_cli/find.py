"""Finds the commands of a program, `az` mostly, in pages, shell scripts, PowerShell scripts and workflows."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from textwrap import dedent
from typing import Any

import tree_sitter_bash
import yaml
from tree_sitter import Language, Node, Parser

from local.setup.bootstrap import ROOT

SHELL = Parser(Language(tree_sitter_bash.language()))

BLOCK = re.compile(r"^( *)```(\w*)\n(.*?)^\1```$", re.MULTILINE | re.DOTALL)

#: Stands for what only the shell knows, such as `$APP`.
SOMETHING = "something"


def everywhere() -> Iterator[tuple[Path, list[str]]]:
    """Yield the arguments of each command, and where it is, relative to the repository."""
    for reader, paths in {
        in_page: [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")],
        in_shell: (ROOT / "infra").rglob("*.sh"),
        in_powershell: (ROOT / "infra").rglob("*.ps1"),
        in_workflow: (ROOT / ".github/workflows").glob("*.yml"),
    }.items():
        for path in sorted(paths):
            for command in reader(path.read_text(encoding="utf-8")):
                if command:  # else just the name of the program
                    yield path.relative_to(ROOT), command


def in_page(text: str, program: str = "az") -> Iterator[list[str]]:
    """Yield the arguments of each command of `program` in a page's blocks of shell, and between backticks.

    >>> list(in_page("Run `az login`, then `X=$(az ad group show --group '<a name>')`."))
    [['login'], ['ad', 'group', 'show', '--group', 'something']]
    """
    for language, code in blocks(text):
        if language in {"sh", "bash"}:
            yield from in_shell(code, program)
    for code in re.findall(r"`([^`\n]+)`", BLOCK.sub("", text)):
        yield from in_shell(code, program)


def blocks(text: str) -> list[tuple[str, str]]:
    """Return language and contents of each block of a page."""
    return [(language, dedent(code)) for _, language, code in BLOCK.findall(text)]


def in_shell(text: str, program: str = "az") -> Iterator[list[str]]:
    """Yield the commands of a script, also those inside others."""
    yield from _commands(parsed(text), program)


def parsed(text: str) -> Node:
    """Parse a script in which `<words>` stand for what the reader knows."""
    return SHELL.parse(re.sub(r"<[A-Za-z][\w ]*>", SOMETHING, text).encode()).root_node


def in_powershell(text: str) -> Iterator[list[str]]:
    """Yield the commands of a script, each of which has a line of its own."""
    for line in re.findall(r"^\s*(?:.*\{ \S+ = )?(az [^}\n]*)", text.replace("`\n", " "), re.MULTILINE):
        yield from in_shell(line)


def in_workflow(text: str) -> Iterator[list[str]]:
    """Yield the commands of a workflow's steps."""
    jobs: dict[str, Any] = yaml.safe_load(text)["jobs"]
    for job in jobs.values():
        for step in job.get("steps", []):
            yield from in_shell(re.sub(r"\$\{\{.*?\}\}", SOMETHING, step.get("run", "")))


def _commands(node: Node, program: str) -> Iterator[list[str]]:
    name = node.child_by_field_name("name") if node.type == "command" else None
    if name is not None and _text(name) == program:
        yield [_value(argument) for argument in node.children_by_field_name("argument")]
    for child in node.children:
        yield from _commands(child, program)


def _value(node: Node) -> str:
    """Return an argument as the program gets it, as far as that is known here."""
    if node.type in {"simple_expansion", "expansion", "command_substitution"}:
        return SOMETHING
    if node.type == "raw_string":
        return _text(node)[1:-1]
    if node.type == "word" or not node.named_children:
        return re.sub(r"\\(.)", r"\1", _text(node).strip('"'))
    inside = "".join(
        _value(child) if child.is_named else _text(child) for child in node.children if _text(child) != '"'
    )
    return inside if node.type in {"string", "concatenation"} else _text(node)


def _text(node: Node) -> str:
    return (node.text or b"").decode()
