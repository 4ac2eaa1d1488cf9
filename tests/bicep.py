"""Reads a Bicep file as data, as far as tests need it: what is declared, and the values of properties.

A literal is its value, an object a dict, an array a list.  Everything else is `Code`: its own text, with the values of
its arguments where it is a call.  https://learn.microsoft.com/azure/azure-resource-manager/bicep/file
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

import tree_sitter_bicep
from tree_sitter import Language, Node, Parser

PARSER = Parser(Language(tree_sitter_bicep.language()))


class Code(str):  # noqa: SLOT000 -- has something to add to a text
    """An expression, as it is written."""

    arguments: list[Any]

    def __new__(cls, text: str, arguments: list[Any] | None = None) -> Self:
        """Keep the arguments of a call."""
        code = super().__new__(cls, " ".join(text.split()))
        code.arguments = arguments or []
        return code


@dataclass
class Declared:
    """A parameter, variable, output, resource or module."""

    what: str = ""  #: the resource's type and version, or the module's file
    value: Any = None  #: default, value or body
    condition: str = ""
    each: Any = None  #: what it is repeated for
    existing: bool = False
    decorators: str = ""


@dataclass
class File:
    """What a file declares, by kind and name."""

    path: Path
    text: str
    parameters: dict[str, Declared] = field(default_factory=dict)
    variables: dict[str, Declared] = field(default_factory=dict)
    outputs: dict[str, Declared] = field(default_factory=dict)
    resources: dict[str, Declared] = field(default_factory=dict)
    modules: dict[str, Declared] = field(default_factory=dict)


def read(path: Path) -> File:
    """Read a file; raises ValueError where it cannot be parsed."""
    root = PARSER.parse(path.read_bytes()).root_node
    if root.has_error:
        raise ValueError(f"{path.name} cannot be parsed")
    file = File(path, path.read_text(encoding="utf-8"))
    decorators = ""
    for node in root.named_children:
        if node.type == "decorators":
            decorators = _text(node)
            continue
        kind = node.type.removesuffix("_declaration") + "s"
        if node.type.endswith("_declaration") and hasattr(file, kind):
            name, declared = _declaration(node)
            declared.decorators = decorators
            getattr(file, kind)[name] = declared
        if node.type != "comment":
            decorators = ""
    return file


def _declaration(node: Node) -> tuple[str, Declared]:
    name, *rest = (child for child in node.named_children if child.type not in {"comment", "type"})
    declared = Declared(existing=any(child.type == "existing" for child in node.children))
    if node.type in {"resource_declaration", "module_declaration"}:
        declared.what = _value(rest.pop(0))
    for child in rest:
        _body(child, declared)
    return _text(name), declared


def _body(node: Node, declared: Declared) -> None:
    """Go through a loop or a condition to what is declared."""
    children = [child for child in node.named_children if child.type != "comment"]
    if node.type == "for_statement":
        declared.each = _value(children[-2])
        _body(children[-1], declared)
    elif node.type == "if_statement":
        declared.condition = _text(children[0]).removeprefix("(").removesuffix(")")
        _body(children[-1], declared)
    else:
        declared.value = _value(node)


def _value(node: Node) -> Any:  # noqa: PLR0911 -- one for each kind
    children = [child for child in node.named_children if child.type != "comment"]
    match node.type:
        case "string" if not any(child.type == "interpolation" for child in children):
            return _text(node)[1:-1].replace("\\'", "'")
        case "number":
            return int(_text(node))
        case "boolean":
            return _text(node) == "true"
        case "null":
            return None
        case "array":
            return [_value(child) for child in children]
        case "object":
            return {
                str(_value(child.named_children[0])): _value(child.named_children[-1])
                for child in children
                if child.type == "object_property"
            }
        case "call_expression":
            return Code(
                _text(node), [_value(child) for child in children[-1].named_children if child.type != "comment"]
            )
    return Code(_text(node))


def _text(node: Node) -> str:
    return (node.text or b"").decode()
