"""Which files of compiled code are believed, and what keeping one leaves."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from neurodeploy._io import kept as kept_files
from neurodeploy._io.kept import first_kept, keep, keep_first, kept

CODE = b"code" * 1000


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "made" / "kernels-a-b.o"
    keep(path, CODE)
    return path


def test_what_was_kept_is_found(file: Path) -> None:
    assert kept(file) == CODE
    assert list(file.parent.iterdir()) == [file]


def test_none_is_none(tmp_path: Path) -> None:
    assert kept(tmp_path / "nothing.o") == b""


@pytest.mark.parametrize("place", [0, 31, 32, 2000, -1])
def test_a_damaged_file_counts_as_none(file: Path, place: int) -> None:
    content = bytearray(file.read_bytes())
    content[place] ^= 1
    file.write_bytes(content)
    assert kept(file) == b""


@pytest.mark.parametrize("size", [0, 10, 32, 2000])
def test_so_does_half_a_file(file: Path, size: int) -> None:
    file.write_bytes(file.read_bytes()[:size])
    assert kept(file) == b""


@pytest.mark.skipif(os.name != "posix", reason="permissions are POSIX's")
@pytest.mark.parametrize("mode", [0o666, 0o664, 0o646])
def test_so_does_one_that_others_can_write(file: Path, mode: int) -> None:
    file.chmod(mode)
    assert kept(file) == b""


@pytest.mark.skipif(not hasattr(os, "getuid"), reason="owners are POSIX's")
def test_so_does_one_of_somebody_else(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real, here = os.fstat, Path(kept_files.__file__).stat()

    def elsewhere(handle: int) -> os.stat_result:
        status = list(real(handle))
        status[4] = max(here.st_uid, os.getuid()) + 1
        return os.stat_result(status)

    monkeypatch.setattr(os, "fstat", elsewhere)
    assert kept(file) == b""


def test_what_older_sources_left_goes(file: Path) -> None:
    same, other = file.with_name("kernels-a-c.o"), file.with_name("kernels-d-b.o")
    keep(same, CODE)
    other.write_bytes(CODE)
    keep(file, CODE)
    assert sorted(file.parent.iterdir()) == [file, same]


def test_a_file_under_another_name_counts_as_none(file: Path) -> None:
    moved = file.rename(file.with_name("kernels-a-c.o"))
    assert kept(moved) == b""


def test_the_first_folder_that_takes_it_keeps_it(tmp_path: Path) -> None:
    blocked, free = tmp_path / "a file", tmp_path / "free"
    blocked.write_text("where a folder should be made")
    assert keep_first([blocked, free], "kernels-a-b.o", CODE) == []
    assert first_kept([blocked, free], "kernels-a-b.o") == CODE
    (problem,) = keep_first([blocked], "kernels-a-b.o", CODE)
    assert problem.startswith(f"{blocked}: ")
