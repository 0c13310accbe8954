"""Whether what the page is made with is installed. Nothing heavy is imported here."""

from __future__ import annotations

import importlib.util

from neurodeploy.errors import MissingPackageError, message

PACKAGES = {"altair": "altair", "vl-convert-python": "vl_convert"}
"""Of the extra ``report``, and the module of each."""

REMEDY = "`pip install 'neurodeploy[report]'` installs what the page is made with."


def missing_package() -> str | None:
    """The first package of the extra ``report`` that is not installed, or None."""
    missing = (name for name, module in PACKAGES.items() if not importlib.util.find_spec(module))
    return next(missing, None)


def require_charts() -> None:
    """Raise unless the packages of the extra ``report`` are installed.

    Raises
    ------
    MissingPackageError
        One is not.
    """
    package = missing_package()
    if package is not None:
        raise MissingPackageError(message("report", package, "not installed", REMEDY))
