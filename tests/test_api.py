from __future__ import annotations

import dataclasses
import subprocess
import sys
from pathlib import Path

import pytest

import neurodeploy
from neurodeploy.tasks import TASKS


def test_every_public_name_is_there_and_documented() -> None:
    for name in neurodeploy.__all__:
        assert getattr(neurodeploy, name).__doc__, name
    assert dir(neurodeploy) == sorted(neurodeploy.__all__)


def test_unknown_names_are_refused() -> None:
    with pytest.raises(AttributeError, match="no attribute 'telepathy'"):
        _ = neurodeploy.telepathy


def test_reading_a_network_loads_neither_torch_nor_lava() -> None:
    code = (
        "import sys, neurodeploy; neurodeploy.read_network; neurodeploy.check;"
        "sys.exit(any(m in sys.modules for m in ('torch', 'lava')))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_the_readme_example_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    readme = (Path(__file__).parents[1] / "README.md").read_text()
    code = readme.split("```python\n")[1].split("```")[0]
    short = dataclasses.replace(
        TASKS["digits"],
        training=dataclasses.replace(TASKS["digits"].training, epochs=2),
    )
    monkeypatch.setitem(TASKS, "digits", short)
    monkeypatch.chdir(tmp_path)
    exec(compile(code, "README.md", "exec"), {})
    assert (tmp_path / "runs/digits/bundle/network.net").exists()
