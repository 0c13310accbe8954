from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from neurodeploy.deploy.bundle import Bundle
from neurodeploy.deploy.stream import stream_answers
from neurodeploy.errors import InputError
from neurodeploy.report.gather import gather
from neurodeploy.report.measured import Measured
from neurodeploy.report.pieces import run_pieces
from neurodeploy.signals.datasets import Splits
from neurodeploy.tasks.base import collect
from neurodeploy.tasks.image import ImageTask

Digits = tuple[ImageTask, Splits, Bundle, Path]


def test_a_sample_is_what_a_stream_of_it_says(digits: Digits, measured: Measured) -> None:
    task, splits, bundle, _ = digits
    spikes = collect(task.sources(splits).test, 1).spikes.numpy().astype(np.uint8)
    sample = measured.shown[3]
    assert sample.probabilities is not None
    assert sample.images is not None
    for answer in stream_answers(bundle, spikes[sample.index : sample.index + 1]):
        odds = np.exp(answer.logits["label"])
        drawn = 1 / (1 + np.exp(-answer.logits["image"]))
        # One sample or a batch: float32 sums in another order.
        np.testing.assert_allclose(sample.probabilities[answer.step], odds / odds.sum(), atol=1e-5)
        np.testing.assert_allclose(sample.images[answer.step], drawn, atol=1e-5)
        sent = answer.output.spikes.ravel() != 0
        np.testing.assert_array_equal(sample.spikes[-1][:, answer.step], sent)


def test_accuracy_confusion_and_failures_agree(measured: Measured) -> None:
    found = measured.accuracy
    assert found is not None
    assert found.confusion.sum() == 60
    assert found.value == pytest.approx(found.confusion.trace() / 60)
    assert found.interval[0] < found.value < found.interval[1]
    assert len(measured.failures) == min(12, 60 - found.confusion.trace())
    for sample in measured.failures:
        assert sample.probabilities is not None
        assert sample.asked is not None
        assert sample.probabilities[-1].argmax() != sample.asked[-1]
    assert found.guess == found.confusion.sum(1).max() / 60


def test_layers_weights_cores_and_engines(measured: Measured, digits: Digits) -> None:
    network = digits[2].network
    assert [layer.neurons for layer in measured.layers] == [64, 96, 48]
    counted = measured.cost["layers"][-1]["output_spikes"] / measured.costed
    assert measured.layers[-1].per_sample == pytest.approx(counted)
    assert [each.number for each in measured.weights] == [64 * 96, 96 * 48]
    assert sum(each.counts.sum() for each in measured.weights) == 64 * 96 + 96 * 48
    assert sum(sum(core.layers.values()) for core in measured.chip.cores) == 96 + 48
    assert measured.agreement.result is not None
    assert measured.agreement.result.exact
    assert network.latency_steps == measured.latency_steps == 2


def test_pieces_do_not_change_what_is_measured(digits: Digits, measured: Measured) -> None:
    task, splits, bundle, _ = digits
    whole = run_pieces(bundle, task.sources(splits).test, samples=20, seed=1, engine="native")
    fewer = gather(bundle, task, splits, whole, name="x", commands=[], agreement=measured.agreement)
    assert fewer.samples == 20
    assert fewer.available == 60
    assert [s.index for s in fewer.shown] == [s.index for s in measured.shown if s.index < 20]


def test_nothing_to_measure_is_an_error(digits: Digits) -> None:
    task, splits, bundle, _ = digits
    with pytest.raises(InputError, match="test part: expected at least one sample"):
        gather(bundle, task, splits, [], name="x", commands=[])
