"""JSON and TOML documents: read within limits, and held against the class that they describe.

A class is a `msgspec.Struct` or a dataclass; msgspec finds what does not fit, and here it is said
with the place in the document and what is there. Nothing here imports numpy.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Annotated, Any, TypeVar, cast

import msgspec

from neurodeploy._io.files import require_file
from neurodeploy.errors import FileFormatError, message

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

MOST_BYTES = 1 << 26
"""Of a document."""

MOST_DEPTH = 64
"""Of lists and mappings, one in another."""

Kind = TypeVar("Kind")

Text = Annotated[str, msgspec.Meta(pattern=r"\S")]
"""Not empty, nor only spaces."""

Year = Annotated[int, msgspec.Meta(ge=1900, le=2100)]
Whole = Annotated[int, msgspec.Meta(ge=0, le=2**62)]
Count = Annotated[int, msgspec.Meta(ge=1, le=2**62)]
NotNegative = Annotated[float, msgspec.Meta(ge=0, le=sys.float_info.max)]
Positive = Annotated[float, msgspec.Meta(gt=0, le=sys.float_info.max)]

_SAID = re.compile(
    r"(?:Expected (?P<expected>.*?)(?:, got (?P<got>.*?))?"
    r"|Object missing required field `(?P<missing>[^`]*)`"
    r"|Object contains unknown field `(?P<unknown>[^`]*)`"
    r"|(?P<other>.*?))(?: - at (?:`key` in )?`\$(?P<place>[^`]*)`)?",
    re.DOTALL,
)
_STEP = re.compile(r"\.([^.\[]+)|\[(\d+)\]")
_WORDS = {
    "object": "a table",
    "array": "a list",
    "int": "a whole number",
    "float": "a number",
    "str": "a text",
    "bool": "true or false",
    "null": "nothing",
}


def read_json(path: Path, what: str, kind: type[Kind]) -> Kind:
    """A JSON file, which is called ``what`` in errors, as an object of a class.

    Raises
    ------
    FileFormatError
        The file is missing, cannot be read, is larger or deeper than a document may be, is no
        JSON, or does not fit the class.
    """
    return parse_json(read_bytes(path, what), f"{what} {path}", kind)


def parse_json(text: bytes | str, where: str, kind: type[Kind]) -> Kind:
    """JSON as an object of a class; raises as `read_json`."""
    try:
        value = msgspec.json.decode(text)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise FileFormatError(message(where, "JSON", error)) from error
    return fitted(value, where, kind)


def read_toml(path: Path, what: str) -> dict[str, Any]:
    """All tables of a TOML file, which is called ``what`` in errors.

    Raises
    ------
    FileFormatError
        The file is missing, cannot be read, is larger or deeper than a document may be, or is no
        TOML.
    """
    content, where = read_bytes(path, what), f"{what} {path}"
    try:
        tables = tomllib.loads(content.decode())
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise FileFormatError(message(where, "TOML", error)) from error
    _require_depth(tables, where)
    return tables


def fitted(value: Any, where: str, kind: type[Kind]) -> Kind:
    """What a document holds, as an object of a class.

    Raises
    ------
    FileFormatError
        It does not fit, or is deeper than a document may be.
    """
    _require_depth(value, where)
    try:
        return msgspec.convert(value, kind, str_keys=True)
    except msgspec.ValidationError as error:
        raise _misfit(str(error), where, value, kind) from error


def _misfit(said: str, where: str, value: Any, kind: Any) -> FileFormatError:
    found = cast("re.Match[str]", _SAID.fullmatch(said)).groupdict()
    place = found["place"] or ""
    if missing := found["missing"]:
        return FileFormatError(message(_named(where, f"{place}.{missing}"), "a value", "nothing"))
    if unknown := found["unknown"]:
        expected = f"only {', '.join(_fields(kind, place))}"
        return FileFormatError(message(_named(where, place), expected, repr(unknown)))
    expected = found["expected"] or found["other"] or ""
    if expected.startswith("Invalid enum value"):
        expected = f"one of {', '.join(map(str, _choices(kind, place)))}"
    words = re.sub(r"`([^`]*)`", lambda quoted: _in_words(quoted[1]), expected)
    words = words.replace(" matching regex '\\\\S'", ", not empty")
    there = _at(value, place)
    has = f"a table of {', '.join(map(str, there))}" if isinstance(there, dict) else repr(there)
    return FileFormatError(message(_named(where, place), words, has))


def _in_words(types: str) -> str:
    return " or ".join(_WORDS.get(each, each) for each in types.split(" | "))


def _named(where: str, place: str) -> str:
    return f"{where}: {place.lstrip('.')}" if place else where


def _at(value: Any, place: str) -> Any:
    """What is at a place such as ``.layers[0].name``, as far as it can be followed."""
    for name, number in _STEP.findall(place):
        try:
            value = value[name] if name else value[int(number)]
        except (KeyError, IndexError, TypeError):
            break
    return value


def _fields(kind: Any, place: str) -> list[str]:
    """Names of the fields of the class at a place."""
    return [field.encode_name for field in getattr(_type_at(kind, place), "fields", ())]


def _choices(kind: Any, place: str) -> tuple[Any, ...]:
    """Values that are possible at a place."""
    return tuple(getattr(_type_at(kind, place), "values", ()))


def _type_at(kind: Any, place: str) -> Any:
    """What msgspec knows of the type at a place."""
    from msgspec import inspect

    found: Any = inspect.type_info(kind)
    for name, _ in re.findall(r"\.([^.\[]+)|\[([^\]]*)\]", place):
        if name:
            fields = {field.encode_name: field.type for field in found.fields}
            found = fields[name]
        else:
            found = getattr(found, "value_type", None) or found.item_type
        if isinstance(found, inspect.UnionType):
            found = next(each for each in found.types if not isinstance(each, inspect.NoneType))
    return found


def read_bytes(path: Path, what: str) -> bytes:
    """The content of a document, at most `MOST_BYTES`; raises `FileFormatError`."""
    size = require_file(path, what).stat().st_size
    if size > MOST_BYTES:
        raise FileFormatError(message(f"{what} {path}", f"at most {MOST_BYTES} bytes", size))
    try:
        return path.read_bytes()
    except OSError as error:
        expected, found = "a readable file", error.strerror or error
        raise FileFormatError(message(f"{what} {path}", expected, found)) from error


def _require_depth(value: Any, where: str) -> None:
    level = [value]
    for _ in range(MOST_DEPTH):
        level = [
            inner
            for outer in level
            if isinstance(outer, dict | list)
            for inner in (outer.values() if isinstance(outer, dict) else outer)
            if isinstance(inner, dict | list)
        ]
        if not level:
            return
    raise FileFormatError(message(where, f"at most {MOST_DEPTH} levels", "more, in one another"))
