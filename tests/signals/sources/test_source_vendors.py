"""AEDAT and EVT files, written here as their makers describe them, read by tonic's readers.

Optional: `make outside` runs it in an environment that has tonic.
"""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("tonic", reason="make outside installs it")

from neurodeploy.errors import FileFormatError
from neurodeploy.signals.recordings import Grid
from neurodeploy.signals.sources.find import Reading, open_source

pytestmark = pytest.mark.filterwarnings("ignore")

EVENTS = [(3, 100, 1, 50_000), (127, 0, 0, 51_500), (0, 127, 1, 59_000)]
"""Column, row, polarity, microseconds."""


def assert_read(path: Path) -> None:
    (recording,) = open_source(path, Reading(shape=(2, 128, 128)), 5).read([0])
    made = recording.encode(Grid(steps=5, dt_s=1e-3))
    assert (made.events, made.cut) == (3, 1)
    found = sorted(tuple(map(int, place)) for place in np.argwhere(made.spikes))
    assert found == [(0, 0, 127, 1), (1, 100, 3, 0)]


def test_aedat_2(tmp_path: Path) -> None:
    path = tmp_path / "a.aedat"
    words = [struct.pack(">II", (127 - y) << 8 | x << 1 | p, t) for x, y, p, t in EVENTS]
    path.write_bytes(b"#!AER-DAT2.0\r\n# a comment\r\n" + b"".join(words))
    assert_read(path)
    path.write_bytes(b"#!AER-DAT2.?\r\n")
    with pytest.raises(FileFormatError, match="AEDAT 2"):
        list(open_source(path, Reading(), 5).read([0]))


def test_aedat_3_1(tmp_path: Path) -> None:
    path = tmp_path / "a.aedat"
    words = [struct.pack("<II", x << 17 | y << 2 | p << 1 | 1, t) for x, y, p, t in EVENTS]
    words.append(struct.pack("<II", 5 << 17, 59_500))  # not valid
    packet = struct.pack("<hhiiiiii", 1, 0, 8, 4, 0, 4, 4, 3)
    lines = b"#!AER-DAT3.1\r\n#Format: RAW\r\n#!END-HEADER\r\n"
    path.write_bytes(lines + packet + b"".join(words))
    assert_read(path)


def test_evt_3(tmp_path: Path) -> None:
    path = tmp_path / "a.raw"
    words = []
    for x, y, p, t in EVENTS:
        words += [8 << 12 | t >> 12, 6 << 12 | t & 0xFFF, 0 << 12 | y, 2 << 12 | p << 11 | x]
    path.write_bytes(b"% evt 3.0\n% end\n" + struct.pack(f"<{len(words)}H", *words))
    assert_read(path)
