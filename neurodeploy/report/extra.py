"""Whether what the page is made with is installed. Nothing heavy is imported here."""

from __future__ import annotations

import importlib.util

from neurodeploy.errors import MissingPackageError, message

PACKAGES = {"altair": "altair", "vl-convert-python": "vl_convert"}
"""Of the extra ``report``, and the module of each."""


def require_charts() -> None:
    """Raise unless the packages of the extra ``report`` are installed.

    Raises
    ------
    MissingPackageError
        One is not.
    """
    for package, module in PACKAGES.items():
        if importlib.util.find_spec(module) is None:
            remedy = "`pip install 'neurodeploy[report]'` installs what the page is made with."
            raise MissingPackageError(message("report", package, "not installed", remedy))
