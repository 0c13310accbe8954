"""What is built installs and runs without the sources beside it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
import venv
import zipfile
from pathlib import Path

import pytest

import neurodeploy

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    source = tmp_path_factory.mktemp("source")
    for file in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / file, source)
    ignored = shutil.ignore_patterns("__pycache__", "*.egg-info")
    shutil.copytree(ROOT / "neurodeploy", source / "neurodeploy", ignore=ignored)
    build = "from setuptools import build_meta; build_meta.build_wheel('dist')"
    subprocess.run([sys.executable, "-c", build], cwd=source, check=True, capture_output=True)
    (built,) = (source / "dist").glob("*.whl")
    return built


@pytest.fixture(scope="module")
def environment(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An environment with the wheel, and what it depends on from the one that runs this test."""
    folder = tmp_path_factory.mktemp("environment")
    venv.create(folder, with_pip=True)
    python = folder / "bin" / "python"
    options = ("--quiet", "--no-index", "--no-deps", "--disable-pip-version-check")
    subprocess.run([python, "-m", "pip", "install", *options, wheel], check=True)
    site = next(folder.glob("lib/python*/site-packages"))
    (site / "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n")
    return folder


def run(environment: Path, *command: str, cwd: Path) -> str:
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    program = str(environment / "bin" / command[0])
    ran = subprocess.run(
        [program, *command[1:]], cwd=cwd, env=kept, capture_output=True, text=True, check=False
    )
    assert ran.returncode == 0, ran.stderr
    return ran.stdout


def test_it_holds_every_file_of_the_package(wheel: Path) -> None:
    inside = set(zipfile.ZipFile(wheel).namelist())
    ours = {
        path.relative_to(ROOT).as_posix()
        for path in (ROOT / "neurodeploy").rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert ours - inside == set()


def test_its_version_is_the_one_that_is_said_once(wheel: Path) -> None:
    assert wheel.name.startswith(f"neurodeploy-{neurodeploy.__version__}-")


def test_it_imports_and_runs_away_from_the_sources(environment: Path, tmp_path: Path) -> None:
    said = run(
        environment, "python", "-c", "import neurodeploy; print(neurodeploy.__file__)", cwd=tmp_path
    )
    assert Path(said.strip()).is_relative_to(environment)
    run(environment, "neurodeploy", "new", "task", "words", cwd=tmp_path)
    assert (tmp_path / "words" / "task.py").exists()
    assert "loihi1" in run(
        environment,
        "python",
        "-c",
        "import neurodeploy as nd; print(nd.find_chip('loihi1'))",
        cwd=tmp_path,
    )
