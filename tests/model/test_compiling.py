"""Compiled loops are kept for the next process, and no kept file can stop or change one."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from neurodeploy.model.compiling import _say_once, compiled

COMPILED, FOUND = ([2, 4], 0), ([2, 4], 1)


def double(values: Any, out: Any) -> None:
    for i in range(len(out)):
        out[i] = 2 * values[i]


def run() -> tuple[list[int], int]:
    """What the loop says in a process that has not called it yet; how often its code was found."""
    loop = compiled(double)
    out = np.zeros(2, np.int64)
    loop(np.array([1, 2]), out)
    return out.tolist(), sum(loop.stats.cache_hits.values())


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where code is kept, with the loop in it."""
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path / "loops"))
    assert run() == COMPILED
    return tmp_path / "loops"


def test_a_loop_is_compiled_once(folder: Path) -> None:
    (file,) = folder.iterdir()
    assert file.name.startswith("test_compiling.double.")
    assert run() == FOUND


def cut(content: bytes) -> bytes:
    return content[:1000]


def flipped(content: bytes) -> bytes:
    return content[:5000] + bytes([content[5000] ^ 1]) + content[5001:]


def unpickled(content: bytes) -> bytes:
    return b"cos\n_exit\n(I3\ntR."


@pytest.mark.parametrize("damage", [cut, flipped, unpickled])
def test_a_damaged_file_is_compiled_again(folder: Path, damage: Callable[[bytes], bytes]) -> None:
    (file,) = folder.iterdir()
    file.write_bytes(damage(file.read_bytes()))
    assert run() == COMPILED
    assert run() == FOUND


def test_without_a_folder_the_code_serves_this_process(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "loops").write_text("a file, where a folder should be made")
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path / "loops"))
    _say_once.cache_clear()
    assert run() == COMPILED
    assert run() == COMPILED
    said = capsys.readouterr().err
    assert said.startswith("neurodeploy: compiled loops could not be kept (")
    assert said.count("\n") == 1
