from __future__ import annotations

import dataclasses
from pathlib import Path

from neurodeploy.deploy.bundle import Bundle
from neurodeploy.report.facts import differing, facts
from neurodeploy.signals.datasets import Splits
from neurodeploy.tasks.base import Task
from neurodeploy.tasks.image import ImageTask
from neurodeploy.tasks.options import changed

Digits = tuple[ImageTask, Splits, Bundle, Path]


def of(task: Task[Splits], splits: Splits) -> dict[str, str]:
    return dict(facts(task.bundle(task.model(splits))))


def test_a_bundle_that_was_saved_says_the_same(digits: Digits) -> None:
    task, splits, bundle, _ = digits
    assert facts(bundle) == of(task, splits)
    assert facts(bundle)["hidden layers"] == "96"
    assert facts(bundle)["changed after training"] == "nothing"


def test_only_what_differs_is_named(digits: Digits) -> None:
    task, splits, *_ = digits
    options = {"readout": 12, "decoder": "linear", "beta": 0.5, "seed": 3, "epochs": 7}
    both = [of(task, splits), of(changed(task, options), splits)]
    names = differing(both)
    assert names == ["readout neurons", "decoder", "seed of the training", "epochs", "beta"]
    assert [both[1][name] for name in names] == ["12", "linear", "3", "7", "0.5"]
    deeper = of(dataclasses.replace(task, hidden=(96, 32), delay_steps=2), splits)
    assert differing([both[0], deeper]) == [
        *("hidden layers", "layer 1 delay steps", "layer 2 delay steps"),
    ]


def test_levers_and_another_decoder_came_after_training(digits: Digits) -> None:
    bundle = digits[2]
    notes = {**bundle.notes, "levers": {"weight_bits": [8]}, "decoder": {"learnt_epochs": 4}}
    later = facts(dataclasses.replace(bundle, encoder=None, notes=notes))
    assert differing([facts(bundle), later]) == ["changed after training"]
    assert later["changed after training"] == "weight bits [8], decoder learnt epochs 4"
