import numpy as np
import pytest

from neurodeploy.adopt import moments
from neurodeploy.adopt.float_run import run_layer
from neurodeploy.adopt.floats import FloatLayer

INTEGRATE = {"current_decay": 1.0, "voltage_decay": 0.0, "threshold": 1.0}
EVERY = slice(None)


def arrived_by_hand(spikes: np.ndarray, window: int, response: np.ndarray) -> np.ndarray:
    """[sample x window, feature], a spike at a time."""
    samples, features, steps = spikes.shape
    left = np.zeros((samples, steps // window, features))
    for sample, feature, step in zip(*np.nonzero(spikes), strict=True):
        if step // window < steps // window:
            left[sample, step // window, feature] += response[window - 1 - step % window]
    return left.reshape(-1, features)


@pytest.mark.parametrize("current_decay", [1.0, 0.25])
@pytest.mark.parametrize("voltage_decay", [0.0, 0.5])
def test_what_arrives_is_what_a_neuron_keeps_of_it(
    current_decay: float, voltage_decay: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(moments, "WINDOW", 4)
    monkeypatch.setattr(moments, "ARRIVED_AT_ONCE", 1)
    rng = np.random.default_rng(0)
    layer = FloatLayer(
        name="dense",
        weight=rng.normal(size=(3, 5)),
        recurrent_weight=rng.normal(size=(3, 3)),
        current_decay=current_decay,
        voltage_decay=voltage_decay,
        threshold=1.0,
    )
    current, voltage, response = 1.0, 0.0, []
    for _ in range(4):  # a spike of weight 1
        voltage = voltage * (1 - voltage_decay) + current
        current *= 1 - current_decay
        response.append(voltage)
    sent = rng.integers(0, 2, (3, 5, 11), dtype=np.uint8)
    own = rng.integers(0, 2, (3, 3, 11), dtype=np.uint8)
    arrived = arrived_by_hand(np.concatenate([sent, own], axis=1), 4, np.array(response))
    found = moments.second_moments(layer, sent, own, 0, EVERY)
    np.testing.assert_allclose(found, arrived.T @ arrived, rtol=1e-5)
    some = moments.second_moments(layer, sent, own, 0, slice(2, 7))
    np.testing.assert_allclose(some, found[2:7, 2:7], rtol=1e-5)


def test_neurons_of_a_convolution_share_their_moments() -> None:
    """Summed over neurons, of what each reads: what a kernel of a single one sends."""
    rng = np.random.default_rng(1)
    geometry = {"groups": 2, "stride": (2, 1), "padding": (1, 2), "dilation": (1, 2)}
    layer = FloatLayer(name="conv", weight=rng.normal(size=(4, 3, 2, 2)), **INTEGRATE, **geometry)
    sent = rng.integers(0, 2, (2, 6, 5, 6, 1), dtype=np.uint8)
    own = run_layer(layer, sent)
    for group in (0, 1):
        found = moments.second_moments(layer, sent, own, group, EVERY)
        reads = []
        for tap in range(12):
            kernel = np.zeros((4, 3, 2, 2))
            kernel[2 * group].flat[tap] = 1.0
            probe = FloatLayer(
                name="probe",
                weight=kernel,
                current_decay=1.0,
                voltage_decay=0.0,
                threshold=0.5,
                **geometry,
            )
            late = np.concatenate([sent, np.zeros_like(sent)], axis=-1)
            reads.append(run_layer(probe, late)[:, 2 * group, ..., 1].ravel().astype(float))
        np.testing.assert_allclose(found, np.array(reads) @ np.array(reads).T)


def test_a_window_is_as_long_as_the_sample_at_most() -> None:
    layer = FloatLayer(name="dense", weight=np.ones((1, 2)), **INTEGRATE)
    sent = np.ones((1, 2, 7), np.uint8)
    found = moments.second_moments(layer, sent, np.zeros((1, 1, 7), np.uint8), 0, EVERY)
    np.testing.assert_array_equal(found, np.full((2, 2), 49.0))
