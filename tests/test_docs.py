"""Blocks of Python in the documents run as they stand."""

from __future__ import annotations

import importlib
import re
from pathlib import Path

import pytest

from neurodeploy.tasks import TASKS
from neurodeploy.tasks.shipped import DIGITS

ROOT = Path(__file__).parents[1]


def blocks(document: str) -> str:
    """All blocks of a document, one after another, as a person would run them."""
    found = re.findall(r"```python\n(.*?)```", (ROOT / document).read_text(), re.DOTALL)
    assert found
    return "\n\n".join(found)


@pytest.mark.usefixtures("one_thread")
@pytest.mark.parametrize(
    "document", ["README.md", "docs/extending.md", "docs/adopt.md", "docs/signals.md"]
)
def test_every_block_runs(document: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(TASKS, "digits", DIGITS.trained_with(epochs=2))
    monkeypatch.chdir(tmp_path)
    name = f"blocks_of_{Path(document).stem.lower()}"
    (tmp_path / f"{name}.py").write_text(blocks(document))
    monkeypatch.syspath_prepend(tmp_path)
    importlib.import_module(name)
