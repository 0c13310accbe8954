from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from neurodeploy._io.arrays import load_array, save_array
from neurodeploy.errors import FileFormatError, InputError


def names(folder: Path) -> list[str]:
    """Everything in a folder, hidden files too."""
    return sorted(path.name for path in folder.iterdir())


@pytest.mark.parametrize("dtype", [np.uint8, np.int64, np.float32, bool])
def test_arrays_come_back_as_they_were_saved(tmp_path: Path, dtype: type) -> None:
    array = np.arange(24).reshape(2, 3, 4).astype(dtype)
    save_array(tmp_path / "deep" / "a.npy", array)
    loaded = load_array(tmp_path / "deep" / "a.npy", "array")
    assert loaded.dtype == array.dtype
    np.testing.assert_array_equal(loaded, array)
    assert names(tmp_path / "deep") == ["a.npy"]


@pytest.mark.parametrize("name", ["a", "a.net", "a.npy"])
def test_the_file_is_called_as_asked_for(tmp_path: Path, name: str) -> None:
    save_array(tmp_path / name, np.zeros(1))
    assert names(tmp_path) == [name]


def test_objects_are_never_pickled(tmp_path: Path) -> None:
    objects = np.array([{}, None], dtype=object)
    (tmp_path / "old.npy").write_bytes(b"old")
    with pytest.raises(ValueError, match=r"[Oo]bject"):
        save_array(tmp_path / "old.npy", objects)
    assert (tmp_path / "old.npy").read_bytes() == b"old"
    np.save(tmp_path / "objects.npy", objects, allow_pickle=True)
    said = r"array .*objects\.npy: .* found an array of Python objects\. Save numbers"
    with pytest.raises(FileFormatError, match=said):
        load_array(tmp_path / "objects.npy", "array")


@pytest.mark.parametrize("kept", [1, 6, 50, 127, 128, 200])
def test_a_truncated_array_is_refused(tmp_path: Path, kept: int) -> None:
    path = tmp_path / "a.npy"
    save_array(path, np.arange(100))
    path.write_bytes(path.read_bytes()[:kept])
    with pytest.raises(FileFormatError, match=r"spikes .*a\.npy: expected a whole \.npy array"):
        load_array(path, "spikes")


def test_an_archive_or_text_is_no_array(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", np.arange(3))
    with pytest.raises(FileFormatError, match=r"found an \.npz archive"):
        load_array(tmp_path / "a.npz", "spikes")
    (tmp_path / "a.txt").write_text("1 2 3")
    with pytest.raises(FileFormatError, match=r"a\.txt: .* found another kind of file\. Write it"):
        load_array(tmp_path / "a.txt", "spikes")


def test_saving_under_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(InputError, match="file"):
        save_array(tmp_path / "file" / "a.npy", np.zeros(3))
    assert names(tmp_path) == ["file"]


def test_a_file_does_not_replace_a_folder(tmp_path: Path) -> None:
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / "precious").write_text("x")
    with pytest.raises(InputError, match="models: expected a file, found a folder"):
        save_array(tmp_path / "models", np.zeros(3))
    assert names(tmp_path) == ["models"]
    assert (tmp_path / "models" / "precious").read_text() == "x"


def test_a_broken_archive_is_no_array(tmp_path: Path) -> None:
    (tmp_path / "a.npy").write_bytes(b"PK\x03\x04" + bytes(100))
    with pytest.raises(FileFormatError):
        load_array(tmp_path / "a.npy", "array")


@pytest.mark.parametrize("place", range(80))
def test_a_damaged_array_is_read_or_refused(tmp_path: Path, place: int) -> None:
    """A flipped bit of the header is refused, or another type or stretch is read of the same file.

    The first 6 bytes say that it is an array, the next 4 which version and how long the header is.
    """
    path = tmp_path / "a.npy"
    save_array(path, np.arange(4))
    whole = path.read_bytes()
    for bit in range(8):
        damaged = bytearray(whole)
        damaged[place] ^= 1 << bit
        path.write_bytes(damaged)
        try:
            loaded, said = load_array(path, "thing"), ""
        except FileFormatError as error:
            loaded, said = None, str(error)
        if loaded is None:
            assert said.startswith(f"thing {path}: expected a whole .npy array, found ")
        else:
            assert place >= 6
            assert loaded.tobytes() in whole
