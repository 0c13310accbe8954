"""Call lava without the notices that it prints."""

from __future__ import annotations

import contextlib
import io
import warnings
from collections.abc import Iterator


@contextlib.contextmanager
def suppress_output() -> Iterator[None]:
    """Hide what lava and lava-dl print and warn about when imported and when they read a network.

    They announce a missing toolbox of one demo and a missing CUDA runtime, use deprecated
    packaging interfaces, and warn of what our `check` says better. Errors still raise.
    """
    with (
        warnings.catch_warnings(),
        contextlib.redirect_stdout(io.StringIO()),
        contextlib.redirect_stderr(io.StringIO()),
    ):
        warnings.simplefilter("ignore")
        yield
