"""A person's own parts by name: an entry point, or an import path ``package.module:Name``.

Code is imported only from a name that a person gave or a package that they installed; a file that
names a part must not be resolved here before the person allowed it.
"""

from __future__ import annotations

import difflib
import importlib
import importlib.metadata
import importlib.util
import sys
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path
from typing import Any

from neurodeploy.errors import InputError, MissingPackageError, message


def resolve(what: str, name: str, ours: Mapping[str, Any], group: str) -> Any:
    """What a name stands for: one of ours, an installed entry point, or an import path.

    Parameters
    ----------
    what : str
        What is looked for, such as ``task``, for errors.
    name : str
        As a person gave it. Modules below the working directory are found too.
    ours : mapping of str to object
        What the package has under short names: each itself, or its import path.
    group : str
        Of entry points that other packages may register, such as ``neurodeploy.tasks``.

    Raises
    ------
    InputError
        Nothing has that name, or it cannot be imported; the message says which, and why.
    """
    path = foreign_path(what, name, ours, group)
    found = ours[name] if path is None else path
    return _imported(what, found) if isinstance(found, str) else found


def foreign_path(what: str, name: str, ours: Mapping[str, Any], group: str) -> str | None:
    """The import path that `resolve` would import for a name, or None for one of ours.

    Nothing is imported.

    Raises
    ------
    InputError
        It is neither one of ours, nor an installed entry point, nor an import path.
    """
    if name in ours:
        return None
    if ":" in name:
        return name
    installed = {point.name: point for point in importlib.metadata.entry_points(group=group)}
    if name not in installed:
        known = sorted({*ours, *installed})
        expected = f"one of {', '.join(known)}, or package.module:Name"
        raise InputError(message(what, expected, repr(name), did_you_mean(name, known)))
    return installed[name].value


def require_name(what: str, name: str, ours: Mapping[str, Any], group: str) -> str:
    """Return a name if `resolve` could find what it stands for; no module of it is imported.

    Raises
    ------
    InputError
        It is not known, or nothing that is installed, or in the working directory, has the
        package of its import path.
    """
    path = foreign_path(what, name, ours, group)
    if path is not None:
        _find_in_working_directory()
        package = path.partition(":")[0].partition(".")[0]
        if not package or importlib.util.find_spec(package) is None:
            remedy = "Run from the folder that holds it, or install its package."
            raise InputError(
                message(f"{what} {name!r}", "a package that is here", repr(package), remedy)
            )
    return name


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """A remedy that names what is spelt like it, or nothing."""
    near = difflib.get_close_matches(name, known)
    return f"Did you mean {' or '.join(near)}?" if near else ""


def require_one_of(where: str, name: str, known: Collection[str]) -> str:
    """Return a name if it is known.

    Raises
    ------
    InputError
        It is not; the message names what is spelt like it.
    """
    if name not in known:
        expected = f"one of {', '.join(known)}"
        raise InputError(message(where, expected, repr(name), did_you_mean(name, known)))
    return name


def import_path(part: Any) -> str:
    """The import path of a class or function, as `resolve` takes it.

    Raises
    ------
    InputError
        It was made inside a function or at a prompt, where nobody else can import it.
    """
    module, name = getattr(part, "__module__", None), getattr(part, "__qualname__", None)
    if module is None or name is None or "<" in name or module == "__main__":
        remedy = "Define it at the top of a module that can be imported."
        raise InputError(message("import path", "a class of an importable module", part, remedy))
    return f"{module}:{name}"


def _imported(what: str, name: str) -> Any:
    module, _, attribute = name.partition(":")
    where = f"{what} {name!r}"
    try:
        _find_in_working_directory()
        found: Any = importlib.import_module(module)
    except MissingPackageError:
        raise
    except Exception as error:  # a person's module may fail in any way while it is imported
        remedy = "Run from the folder that holds it, or install its package."
        said = f"{type(error).__name__}: {error}"
        raise InputError(
            message(where, f"a module {module!r} that imports", said, remedy)
        ) from error
    for part in attribute.split("."):
        if not hasattr(found, part):
            raise InputError(message(where, f"{attribute!r} in module {module}", "none"))
        found = getattr(found, part)
    return found


def _find_in_working_directory() -> None:
    """As ``python -m`` does, a script of its own not; what is installed wins.

    It stays there for what a person's module imports later, and for worker processes.
    """
    here = str(Path.cwd())
    if here not in sys.path:
        sys.path.append(here)
