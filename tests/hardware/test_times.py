"""The table of times: what it has, and what it refuses."""

from __future__ import annotations

from pathlib import Path

import pytest

from neurodeploy.errors import FileFormatError
from neurodeploy.hardware.times import TIMES_TABLE, load_times


def test_times_of_loihi_2_are_those_of_loihi_1_by_one_factor() -> None:
    table = load_times()
    one, two = table["loihi"], table["loihi2"]
    factor = two.neuron_s / one.neuron_s
    assert factor == pytest.approx(0.2354)
    for name in ("spike_s", "message_in_s", "message_out_s", "hop_s"):
        assert getattr(two, name) / getattr(one, name) == pytest.approx(factor)
    assert two.barrier(74) == pytest.approx(factor * one.barrier(74))
    assert (one.basis, two.basis) == ("simulated", "calibrated")


def test_the_barrier_grows_with_the_tiles_in_use() -> None:
    times = load_times()["loihi"]
    assert [times.barrier(cores) for cores in (1, 4, 5, 16, 200)] == [
        *(0.6e-6, 0.6e-6, 1.0e-6, 1.4e-6, 1.8e-6),
    ]


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("neuron_s = 9.7e-9", "", "neuron_s"),
        ("neuron_s = 9.7e-9", "neuron_s = -1", "a number"),
        ('basis = "simulated"', 'basis = "guessed"', "one of calibrated, simulated"),
        ('like = "loihi"', 'like = "loihi3"', "one of loihi"),
        ("dense = 3.8e-9", "dense = true", "a number"),
        ("1 = 0.6e-6", "one = 0.6e-6", "barrier_s: expected a whole number"),
    ],
)
def test_a_wrong_table_is_refused(old: str, new: str, said: str, tmp_path: Path) -> None:
    text = TIMES_TABLE.read_text()
    assert old in text
    path = tmp_path / "times.toml"
    path.write_text(text.replace(old, new, 1))
    with pytest.raises(FileFormatError, match=said):
        load_times(path)
