from __future__ import annotations

import shutil
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from neurodeploy._io.files import (
    atomic_path,
    remove_abandoned,
    require_file,
    require_writable,
)
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


def test_a_link_stays_and_its_target_is_written(tmp_path: Path) -> None:
    target, link = tmp_path / "there" / "file.txt", tmp_path / "link.txt"
    target.parent.mkdir()
    target.write_text("old")
    link.symlink_to(target)
    with atomic_path(link) as draft:
        draft.write_text("new")
    assert link.is_symlink()
    assert target.read_text() == "new"
    assert names(target.parent) == ["file.txt"]


def test_a_new_folder_goes_with_the_failure_and_comes_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target, make = tmp_path / "a" / "b" / "x", tempfile.mkdtemp

    def taken_away(suffix: str, prefix: str, folder: Path) -> str:
        monkeypatch.setattr(tempfile, "mkdtemp", make)
        shutil.rmtree(tmp_path / "a")
        return make(suffix, prefix, folder)

    monkeypatch.setattr(tempfile, "mkdtemp", taken_away)
    with atomic_path(target) as draft:
        draft.write_text("new")
    assert target.read_text() == "new"
    with pytest.raises(KeyError), atomic_path(tmp_path / "c" / "d" / "x"):
        raise KeyError
    assert [path.name for path in tmp_path.iterdir()] == ["a"]


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


def test_a_message_says_where_expected_found_and_remedy() -> None:
    assert message("here", 1, 2) == "here: expected 1, found 2"
    assert message("here", 1, 2, "Do this.") == "here: expected 1, found 2. Do this."


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


def test_a_folder_that_could_be_made_is_not_made(tmp_path: Path) -> None:
    assert require_writable(tmp_path / "new" / "one") == tmp_path / "new" / "one"
    assert require_writable(tmp_path) == tmp_path
    assert names(tmp_path) == []


def test_a_file_on_the_way_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    for folder in (tmp_path / "file", tmp_path / "file" / "sub" / "sub"):
        with pytest.raises(InputError, match=f"output {folder}: .*the file {tmp_path}/file"):
            require_writable(folder)


def test_a_folder_that_cannot_be_written_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("os.access", lambda *_: False)  # root may write anywhere
    with pytest.raises(InputError, match=f"{tmp_path}, which cannot be"):
        require_writable(tmp_path / "new")


def killed(script: str, target: Path) -> None:
    """A process that is killed inside of `atomic_path`."""
    head = "import os, signal, sys; from pathlib import Path\n"
    head += "from neurodeploy._io.files import atomic_path\ntarget = Path(sys.argv[1])\n"
    done = subprocess.run([sys.executable, "-c", head + script, str(target)], check=False)
    assert done.returncode == -signal.SIGKILL


@pytest.mark.skipif(sys.platform == "win32", reason="folders have no locks")
def test_what_a_killed_process_left_is_removed(tmp_path: Path) -> None:
    target = tmp_path / "file.txt"
    killed(
        "with atomic_path(target) as draft: draft.write_text('half'); os.kill(os.getpid(), 9)",
        target,
    )
    assert len(names(tmp_path)) == 1
    with atomic_path(tmp_path / "other.txt") as draft:
        draft.write_text("other")
    assert len(names(tmp_path)) == 2
    with atomic_path(target) as draft:
        draft.write_text("whole")
        remove_abandoned(target)
        assert draft.read_text() == "whole"
    assert names(tmp_path) == ["file.txt", "other.txt"]


@pytest.mark.skipif(sys.platform == "win32", reason="folders have no locks")
def test_what_was_left_of_another_target_stays(tmp_path: Path) -> None:
    killed("with atomic_path(target) as draft: os.kill(os.getpid(), 9)", tmp_path / "a.zip")
    (tmp_path / ".a.d").mkdir()
    (tmp_path / ".a.d" / "replaced").write_text("somebody's own")
    before = names(tmp_path)
    for name in ("a", "[a].zip", "?.zip", "*"):
        remove_abandoned(tmp_path / name)
    assert names(tmp_path) == before
    remove_abandoned(tmp_path / "a.zip")
    assert names(tmp_path) == [".a.d"]


@pytest.mark.skipif(sys.platform == "win32", reason="folders have no locks")
def test_a_name_may_look_like_a_pattern(tmp_path: Path) -> None:
    target = tmp_path / "[1]*.txt"
    killed("with atomic_path(target) as draft: os.kill(os.getpid(), 9)", target)
    remove_abandoned(target)
    assert names(tmp_path) == []


@pytest.mark.skipif(sys.platform == "win32", reason="folders have no locks")
def test_a_folder_that_was_taken_away_is_put_back(tmp_path: Path) -> None:
    target = tmp_path / "folder"
    target.mkdir()
    (target / "old").write_text("old")
    killed(
        "replace = Path.replace\n"
        "Path.replace = lambda a, b: os.kill(os.getpid(), 9) if b == target else replace(a, b)\n"
        "with atomic_path(target) as draft: draft.mkdir()",
        target,
    )
    assert not target.exists()
    remove_abandoned(target)
    assert names(tmp_path) == ["folder"]
    assert names(target) == ["old"]
