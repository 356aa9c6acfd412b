"""Strict YAML: text in, plain data with line numbers out.

YAML 1.1 guesses too much for files that steer a computation: ``NO`` becomes False, ``12:30``
becomes 750, ``010`` becomes 8, ``1e-3`` stays text, the last of two equal keys wins, and an
alias can make a short file explode. Here a plain scalar is one of ``true``, ``false``, ``null``,
a decimal number, or text; all else that is special is refused with its line.
"""

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from habitat.domain.errors import ConfigError

MAX_BYTES = 1_000_000
MAX_DEPTH = 50
MAX_NUMBER_CHARS = 40

KeyPath = tuple[str | int, ...]

_INT = re.compile(r"[-+]?(0|[1-9][0-9]*)")
_FLOAT = re.compile(r"[-+]?(0|[1-9][0-9]*)?(\.[0-9]*)?([eE][-+]?[0-9]+)?")
_NOT_FINITE = re.compile(r"[-+]?\.?(nan|inf|infinity)", re.IGNORECASE)
_WORDS: dict[str, bool | None] = {"true": True, "false": False, "null": None, "~": None, "": None}


@dataclass(frozen=True, slots=True)
class YamlDocument:
    """What a file says, and on which line.

    Attributes
    ----------
    name : str
        How messages call the file.
    data : object
        Dicts with text or integer keys, lists, text, int, float, bool, None.
    lines : dict
        1-based line of each key and list item, by path, for example ``("steps", 2, "method")``.
    """

    name: str
    data: Any
    lines: dict[KeyPath, int] = field(repr=False)

    def line(self, path: Sequence[str | int]) -> int:
        """Return the line of the deepest part of ``path`` that the file has.

        Parts that the file does not have are skipped, so the location of a pydantic error,
        which also names the member of a union, can be passed as it is.
        """
        found: KeyPath = ()
        for part in path:
            for key in (part, _as_int(part)):
                if (*found, key) in self.lines:
                    found = (*found, key)
                    break
        return self.lines.get(found, 1)

    def where(self, path: Sequence[str | int] = ()) -> str:
        """Return ``name:line`` of a path."""
        return f"{self.name}:{self.line(path)}"


def load_yaml(path: Path, *, name: str | None = None) -> YamlDocument:
    """Read a local YAML file.

    Parameters
    ----------
    path : Path
        A regular file of at most 1 MB, UTF-8.
    name : str, optional
        How messages call it; the path as given by default.

    Raises
    ------
    ConfigError
        ``name:line: what is wrong``.
    """
    name = name or str(path)
    if not path.is_file():
        raise ConfigError(f"{name}: expected a readable file, found none")
    with path.open("rb") as file:
        raw = file.read(MAX_BYTES + 1)
    try:
        return parse_yaml(raw.decode("utf-8-sig"), name)
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise ConfigError(f"{name}:{line}: expected UTF-8 text, got other bytes") from None


def parse_yaml(text: str, name: str) -> YamlDocument:
    """Read one YAML document.

    Parameters
    ----------
    text : str
        The document, at most 1 MB.
    name : str
        How messages call it.

    Raises
    ------
    ConfigError
        ``name:line: what is wrong``: syntax, duplicate key, anchor, alias, tag, NaN or
        infinity, a key that is neither text nor an integer, more than 50 levels, too large.
    """
    if len(text) > MAX_BYTES or len(text.encode("utf-8", "surrogatepass")) > MAX_BYTES:
        raise ConfigError(f"{name}: expected at most {MAX_BYTES} bytes, got more")
    try:
        root = _Composer(text, name).get_single_node()
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        raise ConfigError(
            f"{name}:{line}: the character U+{ord(text[error.position]):04X} is not allowed"
        ) from None
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark else 1
        problem = " ".join(part for part in (error.context, error.problem) if part)
        raise ConfigError(f"{name}:{line}: not valid YAML: {problem}") from None
    lines: dict[KeyPath, int] = {(): 1}
    data = None if root is None else _value(root, (), name, lines)
    return YamlDocument(name, data, lines)


class _Composer(yaml.SafeLoader):
    """PyYAML up to its nodes, which are text with a line; nothing is constructed."""

    def __init__(self, text: str, name: str) -> None:
        super().__init__(text)
        self._name = name
        self._depth = 0

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:
        """Refuse what may not stand here, then compose as usual."""
        event: Any = self.peek_event()  # type: ignore[no-untyped-call]  # of the PyYAML stubs
        line = event.start_mark.line + 1
        if getattr(event, "anchor", None) is not None:
            raise ConfigError(
                f"{self._name}:{line}: anchors (&) and aliases (*) are not allowed: "
                "write the value out, or quote the text"
            )
        if getattr(event, "tag", None) is not None:
            raise ConfigError(f"{self._name}:{line}: the tag {event.tag!r} is not allowed")
        if self._depth >= MAX_DEPTH:
            raise ConfigError(f"{self._name}:{line}: expected at most {MAX_DEPTH} levels, got more")
        self._depth += 1
        node: yaml.Node | None = super().compose_node(parent, index)
        self._depth -= 1
        return node


def _value(node: yaml.Node, path: KeyPath, name: str, lines: dict[KeyPath, int]) -> Any:
    """Return the plain data of a node and note the lines below it."""
    if isinstance(node, yaml.ScalarNode):
        return _scalar(node, name)
    if isinstance(node, yaml.SequenceNode):
        items = []
        for i, child in enumerate(node.value):
            lines[(*path, i)] = child.start_mark.line + 1
            items.append(_value(child, (*path, i), name, lines))
        return items
    out: dict[str | int, Any] = {}
    first_line: dict[str, int] = {}
    for key_node, child in node.value:
        line = key_node.start_mark.line + 1
        key = _key(key_node, name)
        if str(key) in first_line:
            raise ConfigError(
                f"{name}:{line}: {key!r} is already set on line {first_line[str(key)]}"
            )
        first_line[str(key)] = lines[(*path, key)] = line
        out[key] = _value(child, (*path, key), name, lines)
    return out


def _key(node: yaml.Node, name: str) -> str | int:
    """Return a key, text or integer."""
    key = _scalar(node, name) if isinstance(node, yaml.ScalarNode) else None
    if not isinstance(key, str | int) or isinstance(key, bool):
        line = node.start_mark.line + 1
        raise ConfigError(f"{name}:{line}: expected a key of text or an integer; quote it")
    return key


def _scalar(node: yaml.ScalarNode, name: str) -> Any:
    """Return a bool, None, int, float or text."""
    text = node.value
    if node.style is not None:  # quoted or block text
        return text
    if text in _WORDS:
        return _WORDS[text]
    if not (_FLOAT.fullmatch(text) and any(c.isdigit() for c in text.lower().split("e")[0])):
        if _NOT_FINITE.fullmatch(text):
            raise _number_fault(node, name)
        return text
    if len(text) > MAX_NUMBER_CHARS:
        raise _number_fault(node, name)
    if _INT.fullmatch(text):
        return int(text)
    number = float(text)
    if not math.isfinite(number):
        raise _number_fault(node, name)
    return number


def _number_fault(node: yaml.ScalarNode, name: str) -> ConfigError:
    line = node.start_mark.line + 1
    return ConfigError(
        f"{name}:{line}: expected a finite number of at most {MAX_NUMBER_CHARS} characters, "
        f"got {node.value[:MAX_NUMBER_CHARS]!r}; quote it if it is text"
    )


def _as_int(part: str | int) -> str | int:
    """Return the integer form of a key, which JSON writes as text."""
    if isinstance(part, str) and len(part) <= MAX_NUMBER_CHARS and _INT.fullmatch(part):
        return int(part)
    return part
