"""Where the figures of a report come from: code, data, seed, machine, day and command."""

from __future__ import annotations

import datetime
import platform
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import neurodeploy
from neurodeploy._io.lava import installed
from neurodeploy.experiments.units import machine

PACKAGES = ("torch", "numpy", "numba", "lava-nc", "lava-dl")


@dataclass(frozen=True, kw_only=True)
class Provenance:
    """Rows of a table: what, and what it was; and the commands that do it again."""

    rows: tuple[tuple[str, str], ...]
    commands: tuple[str, ...]


def provenance(
    notes: Mapping[str, Any],
    *,
    network_sha256: str,
    engine: str,
    seed: int,
    commands: Sequence[str],
) -> Provenance:
    """Of a bundle that is measured here and now.

    Parameters
    ----------
    notes : mapping
        Of the bundle.
    network_sha256 : str
        Checksum of its network; empty where it was exported for the report alone.
    engine : str
        That ran it.
    seed : int
        Of the encoding of the test samples.
    commands : sequence of str
        That train it, and make the report.
    """
    training, here = notes.get("training", {}), machine()
    versions = ((name, installed(name)) for name in PACKAGES)
    now = datetime.datetime.now(datetime.timezone.utc)
    rows = [
        ("date", now.strftime("%d %B %Y, %H:%M UTC")),
        ("neurodeploy", f"{neurodeploy.__version__}, {_revision()}"),
        ("network", f"sha256 {network_sha256[:16]}" if network_sha256 else "not exported"),
        ("seed of the training", str(training.get("seed", "not recorded"))),
        ("seed of the test encoding", str(seed)),
        ("engine", engine),
        ("data", ", ".join(f"{k} {v}" for k, v in notes.items() if _is_plain(k, v))),
        ("machine", f"{here['processor']}, {here['processors']} processors"),
        ("Python", platform.python_version()),
        ("packages", ", ".join(f"{name} {found}" for name, found in versions if found)),
    ]
    return Provenance(
        rows=tuple((name, value) for name, value in rows if value),
        commands=tuple(commands),
    )


def _is_plain(name: str, value: Any) -> bool:
    return name != "task" and isinstance(value, str | int | float) and value != ""


def _revision() -> str:
    """The revision of the code, where it is checked out: none of a project that it is installed in.

    With ``+`` where tracked files have changed since.
    """
    folder = Path(neurodeploy.__file__).parent
    ours = _git(folder, "ls-files", "--error-unmatch", "__init__.py")
    found = ours and _git(folder, "describe", "--always", "--abbrev=12", "--dirty=+")
    return f"revision {found}" if found else "as released"


def _git(folder: Path, *words: str) -> str:
    command = ["git", "-C", str(folder), *words]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""
