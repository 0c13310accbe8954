from __future__ import annotations

import dataclasses
import json

import pytest
from small import TASK

from neurodeploy.learn.objective import ConstantRate
from neurodeploy.search.space import describe, fingerprint, search_space, with_parameters
from neurodeploy.signals.encode import LatencyEncoding, LevelEncoding
from neurodeploy.tasks import ImageTask
from neurodeploy.tasks.predictive import BlobTask
from neurodeploy.tasks.shipped import DIGITS, MNIST


@pytest.mark.parametrize("task", [MNIST, DIGITS])
def test_what_a_task_has_is_within_its_ranges(task: ImageTask) -> None:
    table = search_space(task)
    own = {name: parameter.current for name, parameter in table.items()}
    assert with_parameters(task, own) == task
    assert {
        "beta",
        "prior_rate",
        "steps",
        "threshold",
        "readout",
        "hidden 0",
        "delay_steps",
        "decoder",
        "decoder_hidden",
    } == set(own)
    for parameter in table.values():
        assert parameter.distribution._contains(
            parameter.distribution.to_internal_repr(parameter.current)
        )


def test_every_knob_changes_what_it_says() -> None:
    values = {
        "beta": 0.02,
        "prior_rate": 0.1,
        "steps": 5,
        "threshold": 1.5,
        "readout": 9,
        "hidden 0": 17,
        "delay_steps": 3,
        "decoder": "rate",
        "decoder_hidden": 31,
    }
    changed = with_parameters(TASK, values)
    assert (changed.beta, changed.prior, changed.delay_steps) == (0.02, ConstantRate(0.1), 3)
    assert (changed.encoding.steps, changed.neuron.threshold) == (5, 1.5)
    assert (changed.readout, changed.hidden) == (9, (17,))
    assert (changed.decoder, changed.decoder_hidden) == ("rate", 31)
    names = {fingerprint(TASK), fingerprint(changed)}
    names |= {fingerprint(with_parameters(TASK, {name: value})) for name, value in values.items()}
    assert len(names) == len(values) + 2


def test_ends_of_the_ranges_are_tasks() -> None:
    for end, at in (("low", 0), ("high", -1)):
        values = {
            name: getattr(parameter.distribution, end, None) or parameter.distribution.choices[at]
            for name, parameter in search_space(TASK).items()
            if name != "delay_steps"
        }
        values["delay_steps"] = getattr(search_space(TASK)["delay_steps"].distribution, end)
        assert with_parameters(TASK, values).splits() is not None


def test_each_hidden_layer_has_a_width() -> None:
    deep = dataclasses.replace(TASK, hidden=(30, 20))
    assert with_parameters(deep, {"hidden 1": 11}).hidden == (30, 11)


def test_other_encodings_keep_what_is_theirs() -> None:
    latency = dataclasses.replace(TASK, encoding=LatencyEncoding(steps=8, threshold=0.3))
    assert with_parameters(latency, {"steps": 4}).encoding == LatencyEncoding(
        steps=4, threshold=0.3
    )
    level = dataclasses.replace(TASK, encoding=LevelEncoding(steps=8, levels=6))
    assert search_space(level)["steps"].distribution.low == 6  # type: ignore[attr-defined]


def test_a_decoder_that_answers_at_every_step_is_not_searched() -> None:
    assert "decoder" not in search_space(BlobTask(hidden=(9,), readout=4))
    assert "decoder" not in search_space(dataclasses.replace(TASK, decoder="conv"))


def test_a_price_of_nothing_is_not_searched() -> None:
    assert "beta" not in search_space(dataclasses.replace(TASK, beta=0.0))


def test_a_description_is_plain() -> None:
    assert json.loads(json.dumps(describe(TASK))) == describe(TASK)
    assert describe(TASK)["encoding"] == {"class": "RateEncoding", "steps": 8, "max_rate": 1.0}
    seeded = dataclasses.replace(TASK, training=dataclasses.replace(TASK.training, seed=9))
    assert fingerprint(seeded) != fingerprint(TASK)
