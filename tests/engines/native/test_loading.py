"""Where compiled kernels are kept; which file is believed: tests/_io/test_kept.py."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

from neurodeploy._io.kept import kept
from neurodeploy.engines.native import loading
from neurodeploy.engines.native.loading import SOURCES, kernel

FOLDER = Path(loading.__file__).parent
CODE = b"code" * 1000


@pytest.fixture
def object_code(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """What `loading` would compile is ``CODE``, and it keeps it in a folder of the test."""
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setattr(loading, "_compiled", lambda: CODE)
    return tmp_path / "cache"


def imported(name: str) -> set[str]:
    """Modules of the folder that one of them imports, and those that these do."""
    found = {name}
    for node in ast.walk(ast.parse((FOLDER / f"{name}.py").read_text())):
        module = node.module if isinstance(node, ast.ImportFrom) else None
        if module and module.startswith("neurodeploy.engines.native."):
            found |= imported(module.rpartition(".")[2])
    return found


def test_the_name_covers_every_source_of_the_kernels() -> None:
    assert imported("kernels") == set(SOURCES)


@pytest.mark.parametrize(
    ("variable", "value"),
    [("NUMBA_CPU_NAME", "generic"), ("NUMBA_CPU_FEATURES", "-avx2")],
)
def test_the_name_says_what_processor_it_is_for(
    monkeypatch: pytest.MonkeyPatch, variable: str, value: str
) -> None:
    here = loading._name()
    monkeypatch.setenv(variable, value)
    there = loading._name()
    assert here.split("-")[1] == there.split("-")[1]
    assert here != there


def test_it_is_compiled_once(object_code: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert loading._object_code() == CODE
    assert "compiling the native engine" in capsys.readouterr().err
    assert loading._object_code() == CODE
    assert capsys.readouterr().err == ""


def test_a_damaged_file_is_compiled_again(object_code: Path) -> None:
    loading._object_code()
    (path,) = object_code.iterdir()
    path.write_bytes(b"damaged")
    assert loading._object_code() == CODE
    assert kept(path) == CODE


def test_without_a_folder_the_code_serves_this_process(
    object_code: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    object_code.write_text("a file, where a folder should be made")
    assert loading._object_code() == CODE
    assert "could not be kept" in capsys.readouterr().err


def test_a_full_disk_leaves_no_half_file(
    object_code: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def full(self: Path, target: Path) -> Path:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", full)
    assert loading._object_code() == CODE
    assert "No space left on device" in capsys.readouterr().err
    assert not object_code.exists()


def test_a_cold_process_needs_no_numba() -> None:
    kernel()
    script = """
import sys
import numpy as np
from neurodeploy.engines.native import NativeEngine
from neurodeploy.netx.layers import Dense
from neurodeploy.netx.network import Network
from neurodeploy.netx.neurons import CubaNeuron
neuron = CubaNeuron(current_decay=2048, voltage_decay=410, threshold=1)
layer = Dense(weight=np.full((3, 8), 2), neuron=neuron)
session = NativeEngine(Network(input_shape=(8,), layers=(layer,))).open()
session.step(np.ones(8, np.uint8))
assert session.step(np.ones(8, np.uint8)).all()
assert "numba" not in sys.modules
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
