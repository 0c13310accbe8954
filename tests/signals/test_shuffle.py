from __future__ import annotations

import numpy as np

from neurodeploy.signals.shuffle import shuffle_times


def test_counts_stay_and_times_do_not() -> None:
    rng = np.random.default_rng(0)
    spikes = (rng.random((5, 7, 40)) < 0.3).astype(np.uint8)
    shuffled = shuffle_times(spikes, rng)
    assert np.array_equal(shuffled.sum(-1), spikes.sum(-1))
    assert not np.array_equal(shuffled, spikes)
    firsts = [shuffle_times(np.eye(4, dtype=np.uint8)[None], rng)[0, 0].argmax() for _ in range(99)]
    assert set(firsts) == {0, 1, 2, 3}


def test_neurons_are_shuffled_by_themselves() -> None:
    spikes = np.zeros((1, 2, 200), np.uint8)
    spikes[:, :, :100] = 1
    one, other = shuffle_times(spikes, np.random.default_rng(1))[0]
    assert 20 < int((one != other).sum()) < 180
