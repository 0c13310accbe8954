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


def aedat_3_1() -> bytes:
    words = [struct.pack("<II", x << 17 | y << 2 | p << 1 | 1, t) for x, y, p, t in EVENTS]
    words.append(struct.pack("<II", 5 << 17, 59_500))  # not valid
    packet = struct.pack("<hhiiiiii", 1, 0, 8, 4, 0, 4, 4, 3)
    lines = b"#!AER-DAT3.1\r\n#Format: RAW\r\n#!END-HEADER\r\n"
    return lines + packet + b"".join(words)


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
    path.write_bytes(aedat_3_1())
    assert_read(path)


def test_gestures_are_cut_by_the_table_beside(tmp_path: Path) -> None:
    folder = tmp_path / "gestures"
    folder.mkdir()
    for user, rows in (("user01", "4,50000,52000\n11,59000,60000\n"), ("user02", "4,0,51501\n")):
        (folder / f"{user}_led.aedat").write_bytes(aedat_3_1())
        table = folder / f"{user}_led_labels.csv"
        table.write_text("class,startTime_usec,endTime_usec\n" + rows)
    (folder / "gesture_mapping.csv").write_text("action,label\nhand_clapping,1\n")
    found = open_source(folder, Reading(), 5)
    assert found.labels == ["4", "11", "4"]
    assert list(found.names) == [
        f"user0{n}_led.aedat[{row}]" for n, row in ((1, 0), (1, 1), (2, 0))
    ]
    places = []
    for made in (each.encode(Grid(steps=60, dt_s=1e-3)) for each in found.read(range(3))):
        assert made.spikes.shape == (2, 128, 128, 60)
        places.append(sorted(tuple(map(int, place)) for place in np.argwhere(made.spikes)))
    first, second = (1, 100, 3), (0, 0, 127)
    assert places == [[(*second, 1), (*first, 0)], [(1, 127, 0, 0)], [(*second, 51), (*first, 50)]]
    alone = open_source(folder / "user01_led.aedat", Reading(), 5)
    assert alone.labels == ["4", "11"]
    before = alone.identity
    table = folder / "user01_led_labels.csv"
    table.write_text(table.read_text().replace("11,", "9,"))
    assert open_source(folder / "user01_led.aedat", Reading(), 5).identity != before


def test_evt_3(tmp_path: Path) -> None:
    path = tmp_path / "a.raw"
    words = []
    for x, y, p, t in EVENTS:
        words += [8 << 12 | t >> 12, 6 << 12 | t & 0xFFF, 0 << 12 | y, 2 << 12 | p << 11 | x]
    path.write_bytes(b"% evt 3.0\n% end\n" + struct.pack(f"<{len(words)}H", *words))
    assert_read(path)
