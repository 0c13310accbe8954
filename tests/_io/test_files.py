from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from neurodeploy._io.files import atomic_path, load_array, require_file, save_array
from neurodeploy.errors import FileFormatError, InputError, message


def names(folder: Path) -> list[str]:
    """Everything in a folder, hidden files too."""
    return sorted(path.name for path in folder.iterdir())


def test_a_file_appears_when_the_block_succeeds(tmp_path: Path) -> None:
    target = tmp_path / "new" / "folder" / "file.txt"
    with atomic_path(target) as draft:
        draft.write_text("whole")
        assert not target.exists()
    assert target.read_text() == "whole"
    assert names(target.parent) == ["file.txt"]


def test_a_file_is_replaced_only_when_the_block_succeeds(tmp_path: Path) -> None:
    target = tmp_path / "file.txt"
    target.write_text("old")
    with atomic_path(str(target)) as draft:
        draft.write_text("new")
        assert target.read_text() == "old"
    assert target.read_text() == "new"
    assert names(tmp_path) == ["file.txt"]


def test_the_old_file_stays_if_the_block_fails(tmp_path: Path) -> None:
    target = tmp_path / "file.txt"
    target.write_text("old")
    with pytest.raises(ZeroDivisionError), atomic_path(target) as draft:  # noqa: PT012
        draft.write_text("half")
        raise ZeroDivisionError
    assert target.read_text() == "old"
    assert names(tmp_path) == ["file.txt"]


def test_a_folder_is_replaced_as_a_whole(tmp_path: Path) -> None:
    target = tmp_path / "folder"
    target.mkdir()
    (target / "stale").write_text("old")
    with atomic_path(target) as draft:
        draft.mkdir()
        (draft / "fresh").write_text("new")
    assert names(target) == ["fresh"]
    assert names(tmp_path) == ["folder"]


def test_the_old_folder_stays_if_the_block_fails(tmp_path: Path) -> None:
    target = tmp_path / "folder"
    target.mkdir()
    (target / "stale").write_text("old")
    with pytest.raises(KeyboardInterrupt), atomic_path(target) as draft:  # noqa: PT012
        draft.mkdir()
        (draft / "fresh").write_text("half")
        raise KeyboardInterrupt
    assert names(target) == ["stale"]
    assert names(tmp_path) == ["folder"]


def _enter(target: Path, entered: list[Path]) -> None:
    with atomic_path(target) as draft:
        entered.append(draft)


def test_a_parent_that_is_a_file_is_refused_before_the_block_runs(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    target = tmp_path / "file" / "under" / "it"
    entered: list[Path] = []
    with pytest.raises(InputError, match="folder that can be written") as raised:
        _enter(target, entered)
    assert str(target) in str(raised.value)
    assert not entered
    assert names(tmp_path) == ["file"]


def test_a_folder_cannot_replace_a_file(tmp_path: Path) -> None:
    target = tmp_path / "taken"
    target.write_text("old")
    with pytest.raises(InputError, match="taken"), atomic_path(target) as draft:
        draft.mkdir()
    assert target.read_text() == "old"
    assert names(tmp_path) == ["taken"]


def test_require_file_gives_the_path_of_a_file_with_content(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_text("x")
    assert require_file(str(path), "thing") == path


@pytest.mark.parametrize(
    ("make", "found"),
    [
        (lambda path: None, "no such file"),
        (lambda path: path.mkdir(), "a folder"),
        (lambda path: path.touch(), "an empty file"),
        (lambda path: path.symlink_to("nowhere"), "no such file"),
    ],
    ids=["missing", "folder", "empty", "dangling link"],
)
def test_require_file_says_what_is_there_instead(tmp_path: Path, make, found: str) -> None:
    path = tmp_path / "file"
    make(path)
    with pytest.raises(FileFormatError, match=found) as raised:
        require_file(path, "thing")
    assert f"thing {path}" in str(raised.value)


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
    with pytest.raises(FileFormatError, match=r"array .*objects\.npy"):
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
    with pytest.raises(FileFormatError, match=r"a\.txt"):
        load_array(tmp_path / "a.txt", "spikes")


def test_saving_under_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(InputError, match="file"):
        save_array(tmp_path / "file" / "a.npy", np.zeros(3))
    assert names(tmp_path) == ["file"]


def test_a_message_says_where_expected_found_and_remedy() -> None:
    assert message("here", 1, 2) == "here: expected 1, found 2"
    assert message("here", 1, 2, "Do this.") == "here: expected 1, found 2. Do this."


def test_a_file_does_not_replace_a_folder(tmp_path: Path) -> None:
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / "precious").write_text("x")
    with pytest.raises(InputError, match="models: expected a file, found a folder"):
        save_array(tmp_path / "models", np.zeros(3))
    assert names(tmp_path) == ["models"]
    assert (tmp_path / "models" / "precious").read_text() == "x"


def test_a_block_that_makes_nothing_leaves_the_old_folder(tmp_path: Path) -> None:
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / "precious").write_text("x")
    with (
        pytest.raises(InputError, match="models: expected a path that can be written"),
        atomic_path(tmp_path / "models"),
    ):
        pass
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
