"""What is here, what is missing, and what to do about it."""

from __future__ import annotations

import platform
import sys
from collections.abc import Callable
from dataclasses import dataclass

from neurodeploy._io.lava import INSTALL_LAVA, LAVA_RELEASES, installed, lava_imports
from neurodeploy.engines.board import require_board
from neurodeploy.errors import message


@dataclass(frozen=True, kw_only=True)
class Check:
    """One thing that was looked at. ``status`` is ok, missing or optional."""

    name: str
    status: str
    found: str
    remedy: str = ""


def diagnose() -> list[Check]:
    """Look at Python, the libraries, CUDA and Loihi."""
    return [
        _python(),
        *(_library(name) for name in LIBRARIES),
        *(_library(name, "optional", LAVA_REMEDY) for name in LAVA_RELEASES),
        _slayer(),
        _cuda(),
        _loihi(),
    ]


LIBRARIES = ("torch", "numpy", "numba", "h5py", "safetensors", "mlxtend")
LAVA_REMEDY = f"Training and the engines lava and slayer need it. {INSTALL_LAVA}"
OLDEST, NEWEST = (3, 10), (3, 13)


def python_problem(version: tuple[int, ...] = tuple(sys.version_info[:2])) -> str:
    """Why this Python will not do, or an empty text."""
    if OLDEST <= version <= NEWEST:
        return ""
    oldest, newest, found = (".".join(map(str, v)) for v in (OLDEST, NEWEST, version))
    return message("Python", f"{oldest} to {newest}", found, "`make install` takes one of them.")


def _python() -> Check:
    problem = python_problem()
    return Check(
        name="python",
        status="missing" if problem else "ok",
        found=platform.python_version(),
        remedy=problem,
    )


def _library(name: str, absent: str = "missing", remedy: str = "make install") -> Check:
    found = installed(name)
    if found is None:
        return Check(name=name, status=absent, found="not installed", remedy=remedy)
    return Check(name=name, status="ok", found=found)


def _attempt(name: str, look: Callable[[], str], remedy: str, status: str) -> Check:
    try:
        return Check(name=name, status="ok", found=look())
    except Exception as error:  # a diagnosis reports whatever goes wrong
        return Check(name=name, status=status, found=str(error), remedy=remedy)


def _slayer() -> Check:
    def look() -> str:
        with lava_imports():
            from lava.lib.dl import slayer
        return f"imports ({slayer.__name__})"

    return _attempt("slayer", look, LAVA_REMEDY, "optional")


def _cuda() -> Check:
    def look() -> str:
        import torch

        if not torch.cuda.is_available():
            raise RuntimeError("no usable GPU")
        return str(torch.cuda.get_device_name(0))

    return _attempt(
        "cuda", look, "Training runs on the CPU; a GPU only makes it faster", "optional"
    )


def _loihi() -> Check:
    remedy = "The engine loihi needs it; everything else runs without"
    return _attempt("loihi", require_board, remedy, "optional")
