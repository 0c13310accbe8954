"""Tables of gestures beside recordings; what cuts the events is in test_source_vendors.py."""

from __future__ import annotations

from pathlib import Path

import pytest

from neurodeploy.errors import FileFormatError
from neurodeploy.signals.sources.find import Reading, open_source

HEAD = "class,startTime_usec,endTime_usec\n"


def recording(folder: Path, rows: str) -> Path:
    path = folder / "user01_led.aedat"
    path.write_bytes(b"#!AER-DAT3.1\r\n#!END-HEADER\r\n")
    (folder / "user01_led_labels.csv").write_text(rows)
    return path


def test_every_row_is_a_recording_with_its_class(tmp_path: Path) -> None:
    recording(tmp_path, HEAD + "2,0,5\n7,5,9\n")
    (tmp_path / "gesture_mapping.csv").write_text("action,label\nhand_clapping,1\n")
    (tmp_path / "trials_to_test.txt").write_text("user01_led.aedat\n")
    found = open_source(tmp_path, Reading(), 5)
    assert (list(found.names), list(found.labels)) == (
        ["user01_led.aedat[0]", "user01_led.aedat[1]"],
        ["2", "7"],
    )


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ("class,start,end\n2,0,5\n", "expected columns class, startTime_usec, endTime_usec, found"),
        (HEAD + "2,0,5\n7,9,9\n", r"row 2: expected .* before the end, found \[7.0, 9.0, 9.0\]"),
        (HEAD + "2.5,0,5\n", "row 1: expected whole numbers"),
        (HEAD + "2,nan,5\n", "row 1: expected whole numbers"),
        (HEAD + "2,a,5\n", "line 2: expected numbers class"),
    ],
)
def test_a_damaged_table_is_refused(rows: str, said: str, tmp_path: Path) -> None:
    with pytest.raises(FileFormatError, match=said):
        open_source(recording(tmp_path, rows), Reading(), 5)


def test_mnist_dvs_has_its_digit_in_the_name(tmp_path: Path) -> None:
    for digit in (0, 3):
        folder = tmp_path / f"grabbed_data{digit}" / "scale4"
        folder.mkdir(parents=True)
        (folder / f"mnist_{digit}_scale04_0001.aedat").write_bytes(b"#!AER-DAT2.0\r\n")
    assert open_source(tmp_path, Reading(), 5).labels == ["0", "3"]
