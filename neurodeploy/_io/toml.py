"""TOML tables of figures with their sources: read and validated field by field.

Every error names the file, the table in it and the field, which ``where`` says.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from neurodeploy._io.files import require_file
from neurodeploy.errors import FileFormatError, message

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib


def read_toml(path: Path, what: str) -> dict[str, Any]:
    """All tables of a file, which is called ``what`` in errors.

    Raises
    ------
    FileFormatError
        The file is missing, cannot be read, or is no TOML.
    """
    require_file(path, what)
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise FileFormatError(message(f"{what} {path}", "TOML", error)) from error
    except OSError as error:
        expected, found = "a readable file", error.strerror or error
        raise FileFormatError(message(f"{what} {path}", expected, found)) from error


def table(where: str, entry: Any, known: Sequence[str]) -> dict[str, Any]:
    """Require a table with no other fields than the known ones."""
    if not isinstance(entry, dict):
        raise FileFormatError(message(where, "a table", repr(entry)))
    for name in entry:
        if name not in known:
            raise FileFormatError(message(where, f"only {', '.join(known)}", repr(name)))
    return entry


def present(where: str, entry: dict[str, Any], name: str) -> Any:
    """Require a field."""
    if name not in entry:
        raise FileFormatError(message(f"{where}: {name}", "a value", "nothing"))
    return entry[name]


def text(where: str, entry: dict[str, Any], name: str, default: str | None = None) -> str:
    """Require a text, not empty unless there is a default for it."""
    value = present(where, entry, name) if default is None else entry.get(name, default)
    if not isinstance(value, str) or (default is None and not value.strip()):
        raise FileFormatError(message(f"{where}: {name}", "a text", repr(value)))
    return value


def one_of(where: str, entry: dict[str, Any], name: str, choices: Sequence[str]) -> str:
    """Require a text that is one of some."""
    value = present(where, entry, name)
    if value not in choices:
        expected = f"one of {', '.join(choices)}"
        raise FileFormatError(message(f"{where}: {name}", expected, repr(value)))
    return str(value)


def is_whole(value: Any, low: int, high: int) -> bool:
    """Whether this is a whole number in ``low`` to ``high``, both included."""
    return isinstance(value, int) and not isinstance(value, bool) and low <= value <= high


def year(where: str, entry: dict[str, Any]) -> int:
    """Require a ``year``."""
    value = present(where, entry, "year")
    if not is_whole(value, 1900, 2100):
        raise FileFormatError(message(f"{where}: year", "a year", repr(value)))
    return int(value)
