"""A YAML document against a pydantic model: one line per fault, with the nearest right key."""

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from difflib import get_close_matches
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, TypeVar, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError

from habitat.domain.errors import ConfigError
from habitat.io.config.yaml_file import YamlDocument

Loc = tuple[str | int, ...]
M = TypeVar("M", bound=BaseModel)


def validate(document: YamlDocument, model: type[M]) -> M:
    """Check a document against a pydantic model, strictly.

    The data pass through pydantic's JSON mode, in which strict still lets a list be a tuple and
    ISO text a date, but no text a number and no bool an int.

    Raises
    ------
    ConfigError
        One line per fault, all at once: ``name:line: path: what``; for an unknown key the
        nearest known one. Of a value that may be one of several things, only what concerns the
        thing that it resembles most.
    """
    try:
        return model.model_validate_json(json.dumps(document.data), strict=True)
    except ValidationError as error:
        found = _to_the_point(error.errors(include_url=False), model)
        faults = sorted({_fault(e, document, model) for e in found})
        raise ConfigError("\n".join(text for _, text in faults)) from None


def nearest(key: str, known: Sequence[str]) -> str:
    """Return ``did you mean 'x'?``, or the list of what is known."""
    close = get_close_matches(key, known, n=1, cutoff=0.6)
    if close:
        return f"did you mean {close[0]!r}?"
    return f"known here: {', '.join(sorted(known)) or 'nothing'}"


def _fault(error: Any, document: YamlDocument, model: type[BaseModel]) -> tuple[int, str]:
    """Return the line and the message of one pydantic error."""
    loc, kind = error["loc"], error["type"]
    at = loc[:-1] if kind in {"extra_forbidden", "missing"} else loc
    what = _what(error, model)
    hidden = {i for i, kind in _members(model, at) if kind is None or kind.__name__ == at[i]}
    where = ".".join(str(part) for i, part in enumerate(at) if i not in hidden)
    line = document.line(loc)
    return line, f"{document.name}:{line}: {where + ': ' if where else ''}{what}"


def _what(error: Any, model: type[BaseModel]) -> str:
    loc, kind, context = error["loc"], error["type"], error.get("ctx", {})
    if kind == "extra_forbidden":
        return f"unknown key {loc[-1]!r}; {nearest(str(loc[-1]), _keys_at(model, loc[:-1]))}"
    if kind == "missing":
        return f"the key {loc[-1]!r} is missing"
    if kind == "union_tag_not_found":
        return _no_tag(context["discriminator"].strip("'"), error["input"])
    if kind == "union_tag_invalid":
        known = [tag.strip("'") for tag in context["expected_tags"].split(", ")]
        tag, of = context["tag"], context["discriminator"].strip("'")
        return f"unknown {of} {tag!r}; {nearest(tag, known)}"
    what: str = error["msg"].removeprefix("Value error, ")
    if isinstance(error["input"], str | int | float | bool):
        what += f"; got {error['input']!r:.80}"
    return what


def _no_tag(tag: str, given: Any) -> str:
    keys = [str(key) for key in given] if isinstance(given, dict) else []
    close = get_close_matches(tag, keys, n=1, cutoff=0.6)
    return f"the key {tag!r} is missing" + (f"; is {close[0]!r} meant to be it?" if close else "")


def _to_the_point(errors: Iterable[Any], model: type[BaseModel]) -> list[Any]:
    """Leave out what is said of members of a union that the value does not resemble.

    A mapping is held against the model in which least is wrong with its own keys; any other value
    against what is no model.
    """
    placed = [(error, error["loc"], _members(model, error["loc"])) for error in errors]
    unions: dict[Loc, list[tuple[Any, str | int, Any]]] = {}
    for error, loc, members in placed:
        for i, member in members:
            unions.setdefault(loc[:i], []).append((member, loc[i], error))
    wanted = {at: _resembled(len(at), said) for at, said in unions.items()}
    return [
        error
        for error, loc, members in placed
        if all(loc[i] in wanted[loc[:i]] for i, _ in members)
    ]


def _resembled(depth: int, said: Sequence[tuple[Any, str | int, Any]]) -> set[str | int]:
    """Return the names of the members of a union at a depth that a value may be meant to be."""
    deeper = {name for _, name, error in said if len(error["loc"]) > depth + 1}
    if deeper:  # a model looked into it, so it is a mapping
        wrong = Counter(name for _, name, error in said if len(error["loc"]) == depth + 2)
        return {min(sorted(deeper, key=str), key=lambda name: wrong[name])}
    scalars = {name for member, name, _ in said if not _is_model(member)}
    return scalars or {name for _, name, _ in said}


def _keys_at(model: type[BaseModel], loc: Loc) -> list[str]:
    """Return the keys that a file may use at a place of a model."""
    found = [m for m in _kinds_at(model, loc) if _is_model(m)]
    return sorted({info.alias or key for m in found for key, info in m.model_fields.items()})


def _kinds_at(model: type[BaseModel], loc: Loc) -> list[Any]:
    return [[model], *(kinds for _, kinds in _walk(model, loc))][-1]


def _members(model: type[BaseModel], loc: Loc) -> list[tuple[int, Any]]:
    """Return which parts of a place name a member of a union, and the member; None for a scalar."""
    found = []
    before: list[Any] = [model]
    for i, kinds in _walk(model, loc):
        if len(before) > 1 and not isinstance(loc[i], int):
            found.append((i, kinds[0] if kinds else None))
        before = kinds
    return found


def _walk(model: type[BaseModel], loc: Loc) -> Iterator[tuple[int, list[Any]]]:
    """Yield, for each part of a place, its index and what may stand there."""
    kinds: list[Any] = [model]
    for i, part in enumerate(loc):
        if isinstance(part, int):
            pass
        elif len(kinds) > 1:
            kinds = [k for k in kinds if _is_model(k) and (k.__name__ == part or _has_tag(k, part))]
        elif kinds and _is_model(kinds[0]) and part in kinds[0].model_fields:
            kinds = _alternatives(kinds[0].model_fields[part].annotation)
        yield i, kinds


def _alternatives(annotation: Any) -> list[Any]:
    """Return the types that a value may have; of a list or mapping, those of its items."""
    origin, inner = get_origin(annotation), get_args(annotation)
    if origin in {Union, UnionType}:
        return [kind for arg in inner if arg is not NoneType for kind in _alternatives(arg)]
    if origin in {Annotated, list, tuple}:
        return _alternatives(inner[0])
    return _alternatives(inner[1]) if origin is dict else [annotation]


def _is_model(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, BaseModel)


def _tags(model: type[BaseModel]) -> Iterator[str]:
    """Yield the words by which a model is told from the others of its union."""
    for info in model.model_fields.values():
        if get_origin(info.annotation) is Literal and info.is_required():
            yield from get_args(info.annotation)


def _has_tag(model: type[BaseModel], tag: str) -> bool:
    return tag in _tags(model)
