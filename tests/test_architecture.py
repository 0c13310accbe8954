"""The house: which package may import which, as ARCHITECTURE.md draws it."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "neurodeploy"

ALLOWED = {
    "errors": set(),
    "_io": {"errors"},
    "pictures": {"errors", "_io"},
    "netx": {"errors", "_io"},
    "signals": {"errors", "_io"},
    "model": {"errors", "_io", "netx", "signals"},
    "engines": {"errors", "_io", "pictures", "netx", "signals"},
    "deploy": {"errors", "_io", "netx", "signals", "model", "engines"},
    "adopt": {"errors", "_io", "netx", "signals", "model", "engines", "deploy"},
    "hardware": {"errors", "_io", "pictures", "netx", "engines", "deploy"},
    "cost": {"errors", "_io", "pictures", "netx", "engines", "deploy", "hardware", "model"},
    "learn": {"errors", "_io", "signals", "model"},
    "tasks": {"errors", "_io", "signals", "model", "learn", "deploy"},
    "serve": {
        *("errors", "_io", "netx", "signals", "model", "engines", "deploy", "hardware", "cost"),
    },
    "view": {
        *("errors", "_io", "netx", "signals", "model", "engines", "deploy", "hardware", "cost"),
        *("learn", "tasks", "serve"),
    },
    "experiments": {"errors", "_io", "signals", "model", "learn", "engines", "tasks"},
    "search": {
        *("errors", "_io", "pictures", "netx", "signals", "model", "learn", "engines", "deploy"),
        *("hardware", "cost", "tasks"),
    },
    "report": {
        *("errors", "_io", "netx", "signals", "model", "learn", "engines", "deploy"),
        *("hardware", "cost", "tasks", "experiments", "search"),
    },
}
"""What each room imports; ``cli`` may import everything, and nothing imports ``cli``."""


def rooms() -> Iterator[tuple[str, str, Path]]:
    """Every import of one of our rooms: who, whom, and where."""
    for path in sorted(PACKAGE.rglob("*.py")):
        room = path.relative_to(PACKAGE).parts[0].removesuffix(".py")
        for module in imported(path):
            if module.startswith("neurodeploy.") and (other := module.split(".")[1]) != room:
                yield room, other, path


def imported(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module


def test_every_room_is_drawn() -> None:
    found = {path.parent.name for path in PACKAGE.glob("*/__init__.py")}
    assert found == {*ALLOWED, "cli"} - {"errors"}
    drawn = (ROOT / "ARCHITECTURE.md").read_text()
    assert all(f"`{room}/`" in drawn for room in found)


@pytest.mark.parametrize("room", ALLOWED)
def test_a_room_imports_only_what_lies_before_it(room: str) -> None:
    wrong = [f"{path}: {other}" for who, other, path in rooms() if who == room]
    wrong = [each for each in wrong if each.split(": ")[1] not in ALLOWED[room]]
    assert wrong == []


def test_imports_go_one_way() -> None:
    order = list(ALLOWED)
    for room, others in ALLOWED.items():
        assert all(order.index(other) < order.index(room) for other in others), room


def test_the_scripts_use_the_public_interface() -> None:
    public = {"neurodeploy", "neurodeploy.experiments", "neurodeploy.signals"}
    public |= {"neurodeploy.pictures.style"}
    for path in (*(ROOT / "train").glob("*.py"), *(ROOT / "export").glob("*.py")):
        ours = {module for module in imported(path) if module.split(".")[0] == "neurodeploy"}
        assert ours <= public, path


def test_files_are_short_enough_to_be_read_at_once() -> None:
    lines = {path: len(path.read_text().splitlines()) for path in PACKAGE.rglob("*.py")}
    assert {str(path): count for path, count in lines.items() if count > 400} == {}
