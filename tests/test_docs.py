"""Blocks of Python in the documents run as they stand."""

from __future__ import annotations

import importlib
import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

import neurodeploy as nd
from neurodeploy.cli.main import app
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
    "document",
    [
        *("README.md", "docs/index.md", "docs/extending.md", "docs/adopt.md", "docs/signals.md"),
        *("docs/streaming.md", "docs/files.md", "docs/api.md", "docs/view.md"),
    ],
)
def test_every_block_runs(document: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(TASKS, "digits", DIGITS.trained_with(epochs=2))
    monkeypatch.chdir(tmp_path)
    name = f"blocks_of_{Path(document).stem.lower()}"
    (tmp_path / f"{name}.py").write_text(blocks(document))
    monkeypatch.syspath_prepend(tmp_path)
    importlib.import_module(name)


@pytest.mark.usefixtures("one_thread")
def test_the_commands_of_the_readme_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(TASKS, "digits", DIGITS.trained_with(epochs=2))
    monkeypatch.chdir(tmp_path)
    readme = (ROOT / "README.md").read_text()
    lines = re.findall(r"^neurodeploy (.*digits[^#\n]*)", readme, re.MULTILINE)
    assert [line.split()[0] for line in lines[::6]] == ["train", "serve"]
    for line in lines[:-1]:
        done = CliRunner().invoke(app, line.split())
        assert done.exit_code == 0, (line, done.output, done.exception)


def test_the_site_has_every_command_and_every_public_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(ROOT / "docs")
    hooks = importlib.import_module("hooks")
    commands, names = hooks.commands(), hooks.names()
    for command in ("train", "encode", "convert", "bundle make", "bundle sign"):
        assert f"\n## neurodeploy {command}\n" in commands
    assert "| `--profile` | The tool that wrote a NIR graph:" in commands
    assert len(re.findall(r"^::: neurodeploy\.", names, re.MULTILINE)) == len(nd.__all__)


def test_the_gallery_links_every_report_that_the_site_makes_and_no_other(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.syspath_prepend(ROOT / "docs")
    hooks = importlib.import_module("hooks")
    linked = re.findall(r"\(gallery/(\S+)\)", (ROOT / "docs/gallery.md").read_text())
    assert sorted(linked) == sorted(hooks.REPORTS)
    assert {run for runs in hooks.REPORTS.values() for run in runs} == set(hooks.NETWORKS)


@pytest.mark.usefixtures("one_thread")
def test_the_gallery_is_made_of_real_runs(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.syspath_prepend(ROOT / "docs")
    hooks = importlib.import_module("hooks")
    run = tmp_path / "runs/digits/readout8"
    nd.train_task(DIGITS.trained_with(epochs=1), DIGITS.splits(), run)
    monkeypatch.setattr(hooks, "NETWORKS", {})
    monkeypatch.setattr(hooks, "REPORTS", {"digits.html": ("readout8",)})
    assert hooks.made_gallery(tmp_path) == ["digits.html"]
    assert "neurodeploy report runs/digits/readout8 --out digits.html" in (
        (tmp_path / "digits.html").read_text()
    )
    monkeypatch.setattr(hooks, "REPORTS", {"none.html": ("nobody",)})
    with pytest.raises(RuntimeError, match="no such folder"):
        hooks.made_gallery(tmp_path)
