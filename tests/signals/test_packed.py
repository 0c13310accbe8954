"""Packed spikes are the recordings' own, and are made once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest

from neurodeploy.errors import InputError
from neurodeploy.signals.packed import pack
from neurodeploy.signals.recordings import Encoded, Grid

SPIKES = (np.random.default_rng(0).random((5, 2, 3, 13)) < 0.4).astype(np.uint8)
GRID = Grid(steps=13, dt_s=1e-3)


class Listed:
    """Spikes as recordings, which count how often they are read."""

    words, labels = "listed", [None] * 5

    def __init__(self, count: int = 5, identity: str = "a") -> None:
        self.names = [str(place) for place in range(count)]
        self.identity, self.reads = identity, 0

    def read(self, indices: Sequence[int]) -> Iterator[Listed]:
        for self.index in indices:
            self.reads += 1
            yield self

    def encode(self, grid: Grid) -> Encoded:
        return Encoded(spikes=SPIKES[self.index], events=0, merged=0, cut=0, steps=0)


def files(tmp_path: Path) -> list[Path]:
    return sorted((tmp_path / "cache" / "neurodeploy").glob("*"))


def test_spikes_come_back_as_they_were(tmp_path: Path) -> None:
    packed = pack(Listed(), GRID)
    assert (packed.shape, len(packed)) == (SPIKES.shape, 5)
    assert np.array_equal(packed[np.arange(5)], SPIKES)
    assert np.array_equal(packed[np.array([4, 0, 4])], SPIKES[[4, 0, 4]])
    some = packed.at(np.array([1, 3]))
    assert np.array_equal(some[np.array([1])], SPIKES[[3]])
    assert some.digest() == pack(Listed(), GRID).at(np.array([1, 3])).digest()
    assert len({each.digest() for each in (packed, some, packed.at(np.array([3, 1])))}) == 3


def test_the_same_content_is_read_once(tmp_path: Path) -> None:
    first, again, other = Listed(), Listed(), Listed(identity="b")
    spikes = [pack(each, GRID)[np.arange(5)] for each in (first, again, other)]
    assert [each.reads for each in (first, again, other)] == [5, 0, 5]
    assert all(np.array_equal(each, SPIKES) for each in spikes)
    assert len(files(tmp_path)) == 2


@pytest.mark.parametrize("damage", [b"", b"\x93NUMPY", b"PK\x03\x04 no array"])
def test_a_damaged_cache_is_made_anew(damage: bytes, tmp_path: Path) -> None:
    pack(Listed(), GRID)
    (path,) = files(tmp_path)
    whole = path.read_bytes()
    path.write_bytes(damage or whole[:-1])
    again = Listed()
    assert np.array_equal(pack(again, GRID)[np.arange(5)], SPIKES)
    assert again.reads == 5
    assert path.read_bytes() == whole


def test_without_a_cache_it_works_too(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("a file where the folder would be")
    assert np.array_equal(pack(Listed(), GRID)[np.arange(5)], SPIKES)
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setattr("neurodeploy.signals.packed.cache_folder", lambda: None)
    assert np.array_equal(pack(Listed(), GRID)[np.arange(5)], SPIKES)
    assert [path.name for path in tmp_path.iterdir()] == ["cache"]


def test_nothing_to_pack_is_refused() -> None:
    with pytest.raises(InputError, match="at least one recording"):
        pack(Listed(0), GRID)
