"""A new task runs as it was written, in every command that takes a task."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from neurodeploy.cli import main as cli
from neurodeploy.cli.new import skeleton
from neurodeploy.errors import InputError


def call(*arguments: str | Path) -> str:
    result = CliRunner().invoke(cli.app, [str(a) for a in arguments])
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    assert result.exit_code == 0, result.output
    return result.stdout


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("new")
    text = call("new", "task", "sweeps_of_a_test", "--out", folder)
    assert "neurodeploy train sweeps_of_a_test.task:TASK" in text
    return folder


def test_its_own_test_passes(home: Path) -> None:
    ran = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "sweeps_of_a_test"],
        cwd=home,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "1 passed" in ran.stdout


def test_it_works_in_every_command(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(home)
    name, out = "sweeps_of_a_test.task:TASK", Path("runs")
    trained = json.loads(call("train", name, "--epochs", "4", "--out", out / "train", "--json"))
    assert trained["validation"]["accuracy"] > 0.6
    said = call("export", name, "--checkpoint", trained["checkpoint"], "--out", out / "bundle")
    assert f"report {out}/bundle --data {name}" in said
    for command in ("energy", "report"):
        with pytest.raises(InputError, match=f"not imported unasked: --data {name}"):
            call(command, out / "bundle")
    bill = json.loads(call("energy", out / "bundle", "--data", name, "--samples", "5", "--json"))
    assert (bill["samples"], bill["steps"]) == (5, 24)
    answers = call("stream", out / "bundle", "--data", name, "--samples", "2", "--json")
    assert [json.loads(line)["step"] for line in answers.splitlines()] == [*range(24)] * 2
    found = json.loads(
        call(
            *("levers", name, out / "bundle", "--settings", "3", "--loss", "1"),
            *("--out", out / "levers", "--json"),
        )
    )
    call("pick", out / "levers", "0", "--out", out / "picked")
    assert found["front"]
    shown = json.loads(
        call("demo", "--task", name, "--out", out / "demo", "--engine", "native", "--json")
    )
    assert shown["differing_spikes"] == 0
    assert shown["accuracy_deployed"] > 0.8
    assert (out / "demo" / "anytime.png").stat().st_size > 5000


def test_tune_trains_it(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(home)
    found = json.loads(
        call(
            *("tune", "sweeps_of_a_test.task:TASK", "--trials", "1", "--settings", "2"),
            *("--epochs", "1", "--loss", "1", "--out", Path("runs/tune"), "--json"),
        )
    )
    assert found["uncompressed"]["test"]["accuracy"] > 0.3


@pytest.mark.parametrize("name", ["1st", "class", "Sweeps", "a-b", "a/b"])
def test_a_name_that_python_cannot_import_is_refused(name: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="new task, name"):
        call("new", "task", name, "--out", tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_nothing_is_written_over(home: Path) -> None:
    before = sorted((home / "sweeps_of_a_test").iterdir())
    with pytest.raises(InputError, match="expected nothing there"):
        call("new", "task", "sweeps_of_a_test", "--out", home)
    assert sorted((home / "sweeps_of_a_test").iterdir()) == before


def test_every_file_says_the_name() -> None:
    files = skeleton("two_words")
    assert set(files) == {"README.md", "__init__.py", "data.py", "task.py", "test_task.py"}
    assert "class TwoWordsTask(" in files["task.py"]
    assert not any("$" in text for text in files.values())
