"""How the loops of this package are compiled, once, and kept for the next process."""

from __future__ import annotations

import pickle
import sys
from functools import cache
from pathlib import Path
from typing import Any

import numba as nb
import torch
from numba.core.caching import NullCache
from numba.core.compiler import CompileResult
from numba.core.serialize import dumps

from neurodeploy._io.kept import first_kept, folders_beside, keep_first, short_digest

PACKAGE = Path(__file__).parents[1]
LOOPS = (b"model.compiling import", b"import numba", b"from numba")
"""What a file has that a loop, or a part of one, may be in."""


def compiled(function: Any) -> Any:
    """Compile a loop when it is first called, and keep the code for the next process."""
    dispatcher = nb.njit(nogil=True, error_model="numpy")(function)
    dispatcher._cache = KeptLoops(function)
    return dispatcher


def inlined(function: Any) -> Any:
    """A part of compiled loops."""
    return nb.njit(inline="always", error_model="numpy")(function)


def loops_take(values: torch.Tensor) -> bool:
    """Whether the compiled loops read and write such values: float32 on a CPU."""
    return values.is_cpu and values.dtype == torch.float32


class KeptLoops(NullCache):
    """Where numba finds the code of a loop, in the place of its own cache.

    Numba's believes whatever is in its folder, fails where that is damaged or cannot be written,
    and does not see that an inlined function of another file has changed.
    """

    def __init__(self, function: Any) -> None:
        self.function = function

    def load_overload(self, sig: Any, target_context: Any) -> Any:
        """The compiled loop for such arguments, or None."""
        target_context.refresh()
        code = first_kept(folders_beside(self._file), self._name(sig, target_context.codegen()))
        if not code:
            return None
        return CompileResult._rebuild(target_context, *pickle.loads(code))

    def save_overload(self, sig: Any, data: Any) -> None:
        """Keep a compiled loop; where that fails it serves this process alone."""
        code = dumps(data._reduce())
        problems = keep_first(folders_beside(self._file), self._name(sig, data.codegen), code)
        if problems:
            _say_once("; ".join(problems))

    @property
    def _file(self) -> str:
        return str(self.function.__code__.co_filename)

    def _name(self, sig: Any, codegen: Any) -> str:
        code = self.function.__code__
        made_for = (str(sig), codegen.magic_tuple(), nb.__version__, sys.version_info[:2])
        what = f"{Path(code.co_filename).stem}.{code.co_name}.{code.co_firstlineno}"
        return f"{what}-{_sources()}-{short_digest(repr(made_for).encode())}.o"


@cache
def _sources() -> str:
    """Digest of every file that a loop or a part of one may be in."""
    files = sorted(path for room in ("model", "learn") for path in (PACKAGE / room).glob("*.py"))
    contents = (path.read_bytes() for path in files)
    return short_digest(b"".join(each for each in contents if any(name in each for name in LOOPS)))


@cache
def _say_once(problems: str) -> None:
    sys.stderr.write(f"neurodeploy: compiled loops could not be kept ({problems})\n")
