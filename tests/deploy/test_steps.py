"""Lines of JSON, and what lies in them."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from neurodeploy.deploy.parts import ChipPart
from neurodeploy.deploy.steps import LineReader, array_steps, features_of, recorded_samples
from neurodeploy.errors import InputError
from neurodeploy.netx.layers import Dense
from neurodeploy.netx.network import Network
from neurodeploy.netx.neurons import CubaNeuron
from neurodeploy.signals.recordings import Grid
from neurodeploy.signals.sources.find import Reading

NEURON = CubaNeuron(current_decay=1000, voltage_decay=500, threshold=64)
NETWORK = Network(input_shape=(2, 1, 3), layers=(Dense(weight=np.ones((4, 6)), neuron=NEURON),))


def test_a_line_is_a_step_in_the_shape_of_the_input() -> None:
    reader = LineReader(NETWORK)
    step = reader.read('{"sample": "a", "step": 2, "spikes": [0, 4], "last": true}', "line 1")
    assert (step.sample, step.step, step.reset, step.last) == ("a", 2, False, True)
    np.testing.assert_array_equal(step.spikes, [[[1, 0, 0]], [[0, 1, 0]]])
    assert step.spikes.dtype == np.uint8
    valued = reader.read(b'{"spikes": [5], "values": [-2.5], "reset": true}', "line 1")
    assert (valued.spikes[1, 0, 2], valued.sample, valued.reset) == (-2.5, None, True)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("", "line 7: expected one JSON object"),
        ("[]", "expected one JSON object"),
        ('{"spikes": [1]', "truncated"),
        ('{"spikes": [1.5]}', "spikes"),
        ('{"spikes": [true]}', "spikes"),
        ('{"spikes": [6]}', "line 7, spikes: expected features 0 to 5, found 6"),
        ('{"spikes": [-1]}', "features 0 to 5, found -1"),
        ('{"spikes": [1, 1]}', "each feature once"),
        ('{"spikes": [1], "values": []}', "one for each of 1 spikes, found 0"),
        ('{"spikes": [], "step": -1}', ">= 0"),
        ('{"spikes": [], "stop": 1}', "unknown field `stop`"),
        ('{"spikes": [], "sample": "%s"}' % ("x" * 300), "length <= 200"),
        ('{"spikes": ' + "[" * 50_000, "expected one JSON object"),
        (b'{"spikes": [\xff]}', "expected one JSON object"),
    ],
)
def test_what_is_no_step_is_said(line: str, said: str) -> None:
    with pytest.raises(InputError) as raised:
        LineReader(NETWORK).read(line, "line 7")
    assert said in str(raised.value)


def test_the_longest_line_holds_every_feature_and_its_value() -> None:
    line = json.dumps({"spikes": [*range(6)], "values": [-1.2345678901234567e-300] * 6})
    assert len(line) < LineReader(NETWORK).longest


def test_places_may_be_none() -> None:
    assert not features_of(NETWORK, [], None, "step").any()


def test_arrays_end_with_their_last_step_and_are_cut_to_the_bundles() -> None:
    samples = np.random.default_rng(0).integers(0, 2, (2, 2, 1, 3, 5), np.uint8)
    steps = list(array_steps(ChipPart(network=NETWORK, step_limit=4), samples))
    assert [(s.sample, s.step, s.last) for s in steps[:4]] == [
        *((0, step, False) for step in range(3)),
        (0, 3, True),
    ]
    np.testing.assert_array_equal(steps[5].spikes, samples[1, ..., 1])
    with pytest.raises(InputError, match=r"sample 1: expected .*, time"):
        list(array_steps(ChipPart(network=NETWORK), [samples[0], np.zeros(3)]))
    with pytest.raises(InputError, match=r"sample 0: .*masked"):
        list(array_steps(ChipPart(network=NETWORK), [np.ma.masked_equal(samples[0], 1)]))


def test_events_of_a_file_are_samples(tmp_path: Path) -> None:
    (tmp_path / "events.csv").write_text("t,x,y,p\n0,0,0,1\n1500,2,0,0\n")
    grid = Grid(steps=3, dt_s=1e-3)
    reading = Reading(time_unit="us", shape=(2, 1, 3))
    (sample,) = recorded_samples(tmp_path / "events.csv", grid, reading)
    assert np.argwhere(sample).tolist() == [[0, 0, 2, 1], [1, 0, 0, 0]]
