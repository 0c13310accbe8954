from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from rich.progress import Progress
from small import TASK, plan

from neurodeploy._io.executor import HERE
from neurodeploy.deploy.bundle import Bundle, load_bundle
from neurodeploy.engines.registry import simulate
from neurodeploy.errors import InputError
from neurodeploy.search import trial
from neurodeploy.search.points import load_points
from neurodeploy.search.scoring import Scorer
from neurodeploy.search.trial import explore_bundle, run_trial, samples, scored_on_test, sources
from neurodeploy.signals.datasets import Splits
from neurodeploy.signals.encode import LatencyEncoding
from neurodeploy.tasks import input_spikes

QUIET = Progress(disable=True)


def test_samples_are_those_of_the_task(splits: Splits, bundle: Bundle) -> None:
    spikes, labels = samples(sources(TASK, bundle, splits).test, (5,))
    np.testing.assert_array_equal(spikes, input_spikes(TASK, splits.test.images, (5,)))
    np.testing.assert_array_equal(labels, splits.test.labels)
    assert spikes.dtype == np.uint8
    latency = dataclasses.replace(bundle, encoding=LatencyEncoding(steps=5), steps=5)
    other, _ = samples(sources(TASK, latency, splits).validation, (5,))
    assert other.shape == (TASK.validation, 64, 5)


def test_a_trial_leaves_a_bundle_and_its_points(tmp_path: Path) -> None:
    chosen = plan(tmp_path, settings=3)
    points = run_trial(chosen, {"readout": 9, "steps": 6})
    assert len(points) == 3
    assert len({point.levers for point in points}) == 3
    (home,) = (tmp_path / "trials").iterdir()
    assert load_points(home / "points.json") == points
    model = load_bundle(tmp_path / points[0].model)
    assert model.network.output_shape == (9,)
    assert model.encoding.steps == points[0].levers.steps == 6
    splits = chosen.task.splits()
    source = sources(chosen.task, model, splits).validation
    spikes, labels = samples(source, trial.SEARCH_SEEDS, trial.SEARCHED)
    assert (
        Scorer(model, spikes, labels, chosen.target(), encodings=2)(points[0].levers)
        == points[0].validation
    )


def test_a_model_that_was_trained_further_joins_the_points(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    variants = trial.variants

    def more(*arguments: Any) -> Any:
        for name, model in variants(*arguments):
            yield name, model
            yield "pruned", model

    monkeypatch.setattr(trial, "variants", more)
    points = run_trial(plan(tmp_path, settings=2), {})
    assert [Path(point.model).name for point in points] == ["trained"] * 2 + ["pruned"] * 2
    assert all((tmp_path / point.model / "network.net").exists() for point in points)


def test_the_hidden_neurons_of_a_saved_model_come_by_their_worth(
    splits: Splits, bundle: Bundle, tmp_path: Path
) -> None:
    first, last = bundle.network.layers
    shuffled = dataclasses.replace(first, weight=first.weight[::-1])  # type: ignore[union-attr, call-arg]
    back = dataclasses.replace(last, weight=last.weight[:, ::-1])  # type: ignore[union-attr, call-arg]
    network = dataclasses.replace(bundle.network, layers=(shuffled, back))
    mixed = dataclasses.replace(bundle, network=network)
    points = explore_bundle(
        plan(tmp_path, task=TASK, settings=2), mixed, Path("model"), {}, splits, HERE, QUIET
    )
    spikes, _ = samples(TASK.sources(splits).validation, trial.SEARCH_SEEDS, trial.SEARCHED)
    saved = load_bundle(tmp_path / "model").network
    hidden, sent = simulate(saved, spikes).layers
    np.testing.assert_array_equal(sent, simulate(network, spikes).spikes)
    outgoing = np.abs(saved.layers[1].weight).sum(0)  # type: ignore[union-attr]
    assert (np.diff(hidden.sum((0, 2)) * outgoing) <= 0).all()
    assert {point.model for point in points} == {"model"}


def test_points_are_scored_on_the_test_set(splits: Splits, bundle: Bundle, tmp_path: Path) -> None:
    chosen = plan(tmp_path, task=TASK, settings=3)
    points = explore_bundle(chosen, bundle, Path("model"), {"a": 1}, splits, HERE, QUIET)
    spikes, labels = samples(TASK.sources(splits).test, trial.TEST_SEEDS)
    scorer = Scorer(load_bundle(tmp_path / "model"), spikes, labels, chosen.target())
    done = scored_on_test(chosen, points, splits)
    assert [point.test for point in done] == [scorer(point.levers) for point in points]
    assert [dataclasses.replace(point, test=None) for point in done] == points


def test_a_bundle_of_other_data_is_refused(splits: Splits, bundle: Bundle, tmp_path: Path) -> None:
    chosen = plan(tmp_path, task=TASK, settings=1)
    assert set(TASK.notes()) == {"dataset", "split_seed", "train", "validation", "test"}
    for name in TASK.notes():
        without = {key: value for key, value in bundle.notes.items() if key != name}
        for notes in (without, {**without, name: 7}, {}):
            other = dataclasses.replace(bundle, notes=notes)
            with pytest.raises(InputError, match=r"bundle, \w+: expected .*--trust-split"):
                explore_bundle(chosen, other, Path("model"), {}, splits, HERE, QUIET)
        assert not (tmp_path / "model").exists()


def test_a_person_may_vouch_for_a_bundle(splits: Splits, bundle: Bundle, tmp_path: Path) -> None:
    silent = dataclasses.replace(bundle, notes={})
    points = explore_bundle(
        plan(tmp_path, task=TASK, settings=1), silent, Path("model"), {}, splits, HERE, QUIET,
        trust_split=True,
    )  # fmt: skip
    assert len(points) == 1
