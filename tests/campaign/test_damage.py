"""What is damaged, and that what goes unnoticed is said."""

from __future__ import annotations

from pathlib import Path

import pytest
from damage import damaged, flipped, refuses

from neurodeploy.errors import InputError


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> bytes:
    monkeypatch.setattr("damage.FOLDER", tmp_path)
    (tmp_path / "some").mkdir()
    (tmp_path / "some" / "file").write_bytes(b"whole")
    return b"whole"


def test_every_cut_and_so_many_bits(file: bytes) -> None:
    seen: list[bytes] = []

    def door(path: Path) -> None:
        seen.append(path.read_bytes())
        if seen[-1] != file:
            raise InputError("no")

    done = damaged("some/file", door, 30)
    assert done == {"file": "some/file", "cuts": 5, "flips": 30, "unnoticed": []}
    assert seen[:6] == [b"whole", b"whol", b"who", b"wh", b"w", b""]
    assert [changed for _, changed in flipped(file, 30)] == seen[6:]
    bits = [int.from_bytes(a) ^ int.from_bytes(file) for a in seen[6:]]
    assert all(bit.bit_count() == 1 for bit in bits)


def test_what_is_not_noticed_is_said(file: bytes) -> None:
    done = damaged("some/file", len_of, 2)
    assert len(done["unnoticed"]) == 7
    assert done["unnoticed"][0] == "cut to 4"


def len_of(path: Path) -> int:
    return len(path.read_bytes())


def test_another_error_is_no_refusal(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        refuses(len_of, tmp_path / "nothing")
