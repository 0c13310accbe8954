"""What is damaged, and that what goes unnoticed is said."""

from __future__ import annotations

from pathlib import Path

import pytest
from damage import OTHER, REFUSED, SAME, damaged, flipped, outcome

from neurodeploy.errors import InputError


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> bytes:
    monkeypatch.setattr("damage.FOLDER", tmp_path)
    (tmp_path / "some").mkdir()
    (tmp_path / "some" / "file").write_bytes(b"whole")
    return b"whole"


def test_every_cut_and_so_many_bits(file: bytes) -> None:
    seen: list[bytes] = []

    def door(path: Path) -> bytes:
        seen.append(path.read_bytes())
        if seen[-1] != file:
            raise InputError("no")
        return seen[-1]

    done = damaged("some/file", door, 30)
    assert done == {"file": "some/file", "cuts": 5, "flips": 30, REFUSED: 35, SAME: 0, OTHER: 0}
    assert seen[:6] == [b"whole", b"whol", b"who", b"wh", b"w", b""]
    assert [*flipped(file, 30)] == seen[6:]
    bits = [int.from_bytes(a, "big") ^ int.from_bytes(file, "big") for a in seen[6:]]
    assert all(bit.bit_count() == 1 for bit in bits)


def test_what_is_not_refused_is_the_same_or_a_finding(file: bytes) -> None:
    done = damaged("some/file", Path.read_bytes, 2)
    assert (done[REFUSED], done[SAME], done[OTHER]) == (0, 0, 7)
    done = damaged("some/file", lambda _: b"", 2)
    assert (done[REFUSED], done[SAME], done[OTHER]) == (0, 7, 0)


def test_another_error_ends_the_run(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        outcome(Path.read_bytes, tmp_path / "nothing", b"")
