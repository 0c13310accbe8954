from dataclasses import replace

import numpy as np
import pytest
import torch

from neurodeploy.adopt import float_run
from neurodeploy.adopt.floats import FloatLayer, FloatNetwork
from neurodeploy.errors import NetworkError

STEPS = 12


def dense(rng: np.random.Generator, outputs: int = 5, inputs: int = 4, **fields) -> FloatLayer:
    defaults = {"current_decay": 0.25, "voltage_decay": 0.125, "threshold": 1.0}
    weight = rng.normal(0.2, 0.6, (outputs, inputs))
    return FloatLayer(name="dense", weight=weight, **(defaults | fields))


def by_hand(layer: FloatLayer, sums: np.ndarray) -> np.ndarray:
    """Spikes [output, time] for what arrives [output, time], a number at a time."""
    outputs, steps = sums.shape
    spikes = np.zeros((outputs, steps), int)
    current_decay, voltage_decay = (
        np.broadcast_to(decay, outputs) for decay in (layer.current_decay, layer.voltage_decay)
    )
    current, voltage = [0.0] * outputs, [0.0] * outputs
    for t in range(steps):
        for i in range(outputs):
            current[i] = current[i] * (1 - current_decay[i]) + sums[i, t]
            current[i] += 0 if layer.current_bias is None else layer.current_bias[i]
            if layer.recurrent_weight is not None and t:
                current[i] += sum(layer.recurrent_weight[i] * spikes[:, t - 1])
            voltage[i] = voltage[i] * (1 - voltage_decay[i]) + current[i]
            voltage[i] += 0 if layer.bias is None else layer.bias[i]
            if voltage[i] > layer.threshold:
                spikes[i, t], voltage[i] = 1, 0.0
    return spikes


def late(spikes: np.ndarray, steps: int = 1) -> np.ndarray:
    moved = np.zeros(spikes.shape)
    moved[..., steps:] = spikes[..., :-steps]
    return moved


def test_a_dense_layer_by_hand() -> None:
    rng = np.random.default_rng(0)
    layer = dense(
        rng,
        current_decay=rng.uniform(0, 1, 5),
        voltage_decay=rng.uniform(0, 1, 5),
        bias=rng.normal(0, 0.2, 5),
        current_bias=rng.normal(0, 0.1, 5),
        recurrent_weight=rng.normal(0, 0.5, (5, 5)),
    )
    spikes = rng.integers(0, 2, (3, 4, STEPS), dtype=np.uint8)
    sent = FloatNetwork(input_shape=(4,), layers=(layer,)).run(spikes)[0]
    assert sent.dtype == np.uint8
    assert sent.any()
    assert not sent.all()
    for sample, expected in zip(spikes, sent, strict=True):
        np.testing.assert_array_equal(by_hand(layer, layer.weight @ late(sample)), expected)


def test_without_latency_every_layer_hears_the_one_before_in_the_same_step() -> None:
    rng = np.random.default_rng(4)
    biases = {"bias": np.full(5, 0.3), "current_bias": np.full(5, 0.1)}
    first, last = dense(rng, **biases), dense(rng, inputs=5, **biases)
    spikes = rng.integers(0, 2, (1, 4, STEPS), dtype=np.uint8)
    network = FloatNetwork(input_shape=(4,), layers=(first, last))
    hidden, output = network.run(spikes, latency_steps=0)
    assert hidden.any()
    assert output.any()
    np.testing.assert_array_equal(hidden[0], by_hand(first, first.weight @ spikes[0]))
    np.testing.assert_array_equal(output[0], by_hand(last, last.weight @ hidden[0]))


def test_each_synapse_has_its_own_delay() -> None:
    rng = np.random.default_rng(1)
    delay = rng.integers(0, 4, (5, 4))
    layer = dense(rng, delay=delay)
    spikes = rng.integers(0, 2, (2, 4, STEPS), dtype=np.uint8)
    sums = np.zeros((2, 5, STEPS))
    for output, source in np.ndindex(5, 4):
        arrived = late(spikes[:, source], 1 + int(delay[output, source]))
        sums[:, output] += layer.weight[output, source] * arrived
    sent = FloatNetwork(input_shape=(4,), layers=(layer,)).run(spikes)[0]
    assert sent.any()
    for sample in range(2):
        np.testing.assert_array_equal(by_hand(layer, sums[sample]), sent[sample])


def test_a_delay_beyond_the_sample_leaves_nothing() -> None:
    layer = dense(np.random.default_rng(0), delay=np.full((5, 4), STEPS + 3))
    spikes = np.ones((1, 4, STEPS), np.uint8)
    assert not FloatNetwork(input_shape=(4,), layers=(layer,)).run(spikes)[0].any()


@pytest.mark.parametrize("synapses", [1, 1 << 20])  # held at a time
@pytest.mark.parametrize(
    "geometry",
    [
        {},
        {"stride": (2, 1), "padding": (1, 2)},
        {"dilation": (2, 1), "padding": (2, 0)},
        {"groups": 2, "stride": (3, 2)},
    ],
)
def test_a_convolution_sums_as_pytorch_does(
    geometry: dict, synapses: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    rng = np.random.default_rng(2)
    weight = rng.normal(0.1, 0.5, (6, 4 // geometry.get("groups", 1), 3, 2))
    layer = FloatLayer(
        name="conv",
        weight=weight,
        current_decay=rng.uniform(0, 1, 6),
        voltage_decay=0.25,
        threshold=0.75,
        bias=rng.normal(0, 0.1, 6),
        current_bias=rng.normal(0, 0.1, 6),
        **geometry,
    )
    spikes = rng.integers(0, 2, (3, 4, 7, 6, STEPS), dtype=np.uint8)
    monkeypatch.setattr(float_run, "SUMS_AT_ONCE", 1)  # sample by sample
    monkeypatch.setattr(float_run, "SYNAPSES_AT_ONCE", synapses)
    sent = FloatNetwork(input_shape=(4, 7, 6), layers=(layer,)).run(spikes)[0]
    assert sent.any()
    for sample in range(3):
        frames = torch.from_numpy(np.moveaxis(late(spikes[sample]), -1, 0).copy())
        sums = torch.nn.functional.conv2d(frames, torch.from_numpy(weight), **geometry)
        sums = np.moveaxis(sums.numpy(), 0, -1)
        assert sent[sample].shape == sums.shape
        for row, column in np.ndindex(sums.shape[1:3]):
            np.testing.assert_array_equal(
                by_hand(layer, sums[:, row, column]), sent[sample, :, row, column]
            )


def test_layers_follow_each_other_a_step_later() -> None:
    one = FloatLayer(
        name="one", weight=np.ones((1, 1)), current_decay=1.0, voltage_decay=0.0, threshold=0.5
    )
    spikes = np.zeros((1, 1, 5), np.uint8)
    spikes[0, 0, 1] = 1
    network = FloatNetwork(input_shape=(1,), layers=(one, replace(one, name="two")))
    sent = network.run(spikes)
    assert [int(layer[0, 0].argmax()) for layer in sent] == [2, 3]
    assert network.shapes == ((1,), (1,))


def test_a_current_goes_in_as_it_is() -> None:
    layer = FloatLayer(
        name="one", weight=np.ones((1, 1)), current_decay=1.0, voltage_decay=1.0, threshold=0.5
    )
    signal = np.array([[[0.5, 0.51, -3.0, 0.6, 0.7]]])
    sent = FloatNetwork(input_shape=(1,), layers=(layer,)).run(signal)[0]
    assert sent.tolist() == [[[0, 0, 1, 0, 1]]]


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"weight": np.full((5, 4), np.nan)}, "weight: expected finite numbers"),
        ({"weight": np.ones(4)}, "weight: expected [output, input]"),
        ({"threshold": 0.0}, "threshold: expected a number above 0, found 0.0"),
        ({"threshold": -1.0}, "threshold: expected a number above 0, found -1.0"),
        ({"threshold": np.inf}, "threshold: expected finite numbers"),
        ({"threshold": np.ones(5)}, "threshold: expected shape (), found shape (5,)"),
        ({"current_decay": 1.5}, "current_decay: expected 0 (keeps everything) to 1"),
        ({"voltage_decay": np.array([0, 0, 0, 0, -0.5])}, "voltage_decay: expected 0"),
        ({"voltage_decay": np.ones(3)}, "voltage_decay: expected shape () or"),
        ({"bias": np.ones(4)}, "bias: expected shape (5,)"),
        ({"recurrent_weight": np.ones((5, 4))}, "recurrent_weight: expected shape (5, 5)"),
        ({"delay": np.full((5, 4), -1)}, "delay: expected whole numbers"),
        ({"delay": np.full((5, 4), 0.5)}, "delay: expected whole numbers"),
        (
            {"weight": np.ones((5, 1, 3, 3)), "recurrent_weight": np.ones((5, 5))},
            "convolution: expected no recurrent weights",
        ),
    ],
)
def test_what_is_wrong_with_a_layer_is_said_by_its_name(fields: dict, said: str) -> None:
    layer = dense(np.random.default_rng(0))
    with pytest.raises(NetworkError) as error:
        replace(layer, **fields)
    assert str(error.value).startswith(f"layer dense, {said}")


def test_layers_that_do_not_fit_each_other_are_refused() -> None:
    rng = np.random.default_rng(0)
    with pytest.raises(NetworkError, match="layer dense, weight: expected 5 inputs"):
        FloatNetwork(input_shape=(4,), layers=(dense(rng), dense(rng)))
    with pytest.raises(NetworkError, match="at least one layer"):
        FloatNetwork(input_shape=(4,), layers=())
    conv = replace(dense(rng), name="conv", weight=np.ones((1, 2, 3, 3)))
    for shape in ((4,), (3, 5, 5), (2, 2, 2)):
        with pytest.raises(NetworkError, match="layer conv, weight"):
            FloatNetwork(input_shape=shape, layers=(conv,))


def test_another_input_is_refused() -> None:
    network = FloatNetwork(input_shape=(4,), layers=(dense(np.random.default_rng(0)),))
    for shape in ((1, 5, 3), (4, 3), (1, 2, 2, 3)):
        with pytest.raises(NetworkError, match=r"input: expected \[sample, 4, time\]"):
            network.run(np.zeros(shape))
