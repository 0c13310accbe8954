"""Import lava without the notices that it prints."""

from __future__ import annotations

import contextlib
import io
import warnings
from collections.abc import Iterator


@contextlib.contextmanager
def quiet_imports() -> Iterator[None]:
    """Hide what importing lava and lava-dl prints and warns about.

    They announce a missing toolbox of one demo and a missing CUDA runtime, and use deprecated
    packaging interfaces; none of it is news to a person who runs a network. Errors still raise.
    """
    with (
        warnings.catch_warnings(),
        contextlib.redirect_stdout(io.StringIO()),
        contextlib.redirect_stderr(io.StringIO()),
    ):
        warnings.simplefilter("ignore")
        yield
