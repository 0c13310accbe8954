"""Frames are what a batched run says, spike for spike."""

from __future__ import annotations

import time
from collections.abc import Iterator

import numpy as np
import pytest
import torch
from viewed import STEPS, player, priced, samples, spikes_of, viewed_bundle

import neurodeploy as nd
from neurodeploy.cost.report import energy_proxies
from neurodeploy.view.player import Player
from neurodeploy.view.sources import of_lines


def test_frames_equal_a_batched_run_spike_for_spike() -> None:
    bundle = viewed_bundle()
    run = nd.simulate(bundle, samples())
    assert run.spikes.any()
    playing = player(bundle)
    for number in (0, 1, 2, 0):
        frames = [playing.step() for _ in range(STEPS)]
        for layer, spikes in enumerate(run.layers):
            np.testing.assert_array_equal(spikes_of(frames, layer, spikes.shape[1]), spikes[number])
        heard = np.stack([np.isin(np.arange(16), frame.input) for frame in frames], -1)
        np.testing.assert_array_equal(heard, samples()[number])
        assert [frame.last for frame in frames] == [False] * (STEPS - 1) + [True]
        logits = nd.decode(bundle, torch.from_numpy(run.spikes[number : number + 1]))
        shares = logits["label"].softmax(-1)[0]
        assert frames[-1].classes == pytest.approx(shares.tolist(), abs=1e-4)
        pixels = 255 * logits["image"].sigmoid()[0].double()
        assert frames[-1].image == pytest.approx(pixels.tolist(), abs=0.51)
        assert frames[-1].label == int(shares.argmax())


def test_energy_is_the_proxy_of_the_sample_so_far() -> None:
    bundle = viewed_bundle()
    playing = player(bundle)
    frames = [playing.step() for _ in range(2 * STEPS)]
    for steps in (1, STEPS):
        counts = nd.simulate(bundle, samples()[1:2, :, :steps]).counts
        bill = energy_proxies(bundle, counts, devices=priced())["loihi"].bill
        seen = frames[STEPS + steps - 1]
        assert (seen.chip_j, seen.host_j) == pytest.approx((bill.chip, bill.host))


def test_a_dropped_step_is_silence_and_noise_is_repeatable() -> None:
    bundle = viewed_bundle()
    spikes = samples(1)
    playing = player(bundle)
    playing.step()
    playing.drop = True
    frames = [playing.step() for _ in range(STEPS - 1)]
    spikes[0, :, 1] = 0
    run = nd.simulate(bundle, spikes)
    assert (frames[0].dropped, frames[0].input, frames[1].dropped) == (True, [], False)
    np.testing.assert_array_equal(spikes_of(frames, 0, 10), run.layers[0][0, :, 1:])

    noisy = [player(bundle), player(bundle)]
    for each in noisy:
        each.set_noise(0.3)
    one, other = ([each.step() for _ in range(STEPS)] for each in noisy)
    assert one == other
    assert [frame.input for frame in one] != [np.flatnonzero(c).tolist() for c in samples()[0].T]
    flipped = np.stack([np.isin(np.arange(16), frame.input) for frame in one], -1)
    run = nd.simulate(bundle, flipped[None].astype(np.uint8))
    np.testing.assert_array_equal(spikes_of(one, 1, 5), run.layers[1][0])
    with pytest.raises(nd.InputError, match="noise: expected a probability, 0 to 1, found 2"):
        noisy[0].set_noise(2)


def test_a_sample_again_runs_from_rest_with_what_is_changed() -> None:
    bundle = viewed_bundle()
    run = nd.simulate(bundle, samples())
    busiest = int(run.layers[0][0].sum(1).argmax())
    playing = player(bundle)
    for _ in range(4):
        playing.step()
    playing.silence(0, busiest)
    playing.restart()
    playing.restart()
    frames = [playing.step() for _ in range(STEPS)]
    assert [frame.step for frame in frames] == list(range(STEPS))
    assert not spikes_of(frames, 0, 10)[busiest].any()
    playing.silence(0, busiest)
    frames = [playing.step() for _ in range(STEPS)]
    np.testing.assert_array_equal(spikes_of(frames, 0, 10), run.layers[0][1])
    playing.threshold(0, 500)
    playing.set_noise(0.2)
    playing.restart()
    assert spikes_of([playing.step() for _ in range(STEPS)], 0, 10).sum() < run.layers[0][1].sum()
    playing.put_back()
    playing.restart()
    frames = [playing.step() for _ in range(STEPS)]
    np.testing.assert_array_equal(spikes_of(frames, 1, 5), run.layers[1][1])


def test_lines_are_taken_as_they_come_and_their_end_or_error_is_said() -> None:
    def lines() -> Iterator[nd.InputStep]:
        for column in samples(1)[0].T:
            yield nd.InputStep(spikes=column, sample="a")
        time.sleep(0.25)
        yield nd.InputStep(spikes=np.zeros(3, np.uint8), sample="b")

    bundle = viewed_bundle()
    played = of_lines(lines(), "lines")
    assert played.shared
    playing = Player(bundle, played, priced())
    frames = [playing.step() for _ in range(STEPS)]
    run = nd.simulate(bundle, samples(1))
    np.testing.assert_array_equal(spikes_of(frames, 1, 5), run.layers[1][0])
    assert playing.step() is None
    assert playing.waiting

    def until_it_comes() -> None:
        while playing.step() is None:
            assert not playing.ended

    with pytest.raises(nd.InputError, match="sample 'b', step 0"):
        until_it_comes()
    assert playing.step() is None
    assert playing.ended
