"""A training goes on as if it had never stopped, and only as itself."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from digit_training import (
    OBJECTIVE,
    PATHWISE,
    SMALL,
    STEPS,
    Clock,
    PowerCut,
    Scaled,
    Watched,
    digits,
    equal,
    failing,
    metrics,
    model,
    state,
    timed,
    trainer,
)

from neurodeploy._io.tensors import load_tensors, save_tensors
from neurodeploy.errors import FileFormatError, InputError
from neurodeploy.learn.checkpoint import load_model
from neurodeploy.learn.estimators import Estimator, Pathwise, ScoreFunction, TrainingBatch
from neurodeploy.learn.objective import ConstantRate, HeadLoss, Objective, class_loss
from neurodeploy.learn.parameter_baselines import ParameterBaselines
from neurodeploy.learn.schedule import TrainConfig
from neurodeploy.learn.trainer import Trainer
from neurodeploy.model.hybrid import HybridModel
from neurodeploy.model.quantization import compress
from neurodeploy.signals.encode import RateEncoding

pytestmark = pytest.mark.usefixtures("one_thread")


@pytest.mark.parametrize("estimator", [ScoreFunction(), ParameterBaselines()], ids=repr)
def test_an_estimator_that_remembers_resumes_exactly_too(
    tmp_path: Path, estimator: Estimator
) -> None:
    straight = trainer(tmp_path / "straight", estimator=estimator)
    straight.fit()
    with pytest.raises(PowerCut):
        trainer(tmp_path / "cut", estimator=failing(6, estimator)).fit()
    resumed = trainer(tmp_path / "cut", model=model(seed=99), estimator=estimator)
    resumed.resume()
    resumed.fit()
    assert equal(state(straight.model), state(resumed.model))


def test_a_baseline_that_an_earlier_version_noted_is_resumed(tmp_path: Path) -> None:
    trainer(tmp_path, ONE_EPOCH, estimator=ScoreFunction()).fit()
    path = tmp_path / "last.safetensors"
    tensors, notes = load_tensors(path, "checkpoint")
    baseline = tensors.pop("estimator.baseline").item()
    save_tensors(path, tensors, {**notes, "estimator_state": {"baseline": baseline}})
    resumed = trainer(tmp_path, ONE_EPOCH, estimator=ScoreFunction())
    resumed.resume()
    assert resumed.estimator_state == {"baseline": torch.tensor(baseline, dtype=torch.float64)}


def test_an_estimator_remembers_tensors(tmp_path: Path) -> None:
    def remembering(*args: Any) -> Any:
        args[3]["mean"] = 0.5
        return Pathwise()(*args)

    with pytest.raises(InputError, match=r"state 'mean': expected a tensor, .* found 0\.5"):
        trainer(tmp_path, ONE_EPOCH, estimator=remembering).fit()


def test_a_refused_resume_leaves_the_model_as_it_was(tmp_path: Path) -> None:
    trainer(tmp_path).fit()
    other = trainer(tmp_path, TrainConfig(epochs=7), model=model(seed=5))
    before = state(other.model)
    with pytest.raises(InputError, match="expected this training, found another: epochs: 4 -> 7"):
        other.resume()
    assert equal(state(other.model), before)


def test_a_checkpoint_without_our_notes_is_refused(tmp_path: Path) -> None:
    save_tensors(tmp_path / "last.safetensors", {"x": torch.ones(1)}, {})
    with pytest.raises(FileFormatError, match="notes on training, model"):
        trainer(tmp_path).resume()


@pytest.mark.parametrize("batch", [6, 8])
def test_interrupted_and_resumed_is_the_same_training_exactly(tmp_path: Path, batch: int) -> None:
    """Three batches an epoch: cut after two epochs, at once or two batches into the third."""
    straight = trainer(tmp_path / "straight")
    straight.fit()
    with pytest.raises(PowerCut):
        trainer(tmp_path / "cut", estimator=failing(batch)).fit()
    resumed = trainer(tmp_path / "cut", model=model(seed=99))
    resumed.resume()
    assert resumed.epoch == 2
    resumed.fit()
    assert equal(state(straight.model), state(resumed.model))
    for name in ("last.safetensors", "best.safetensors"):
        tensors, notes = load_tensors(tmp_path / "straight" / name, "checkpoint")
        other_tensors, other_notes = load_tensors(tmp_path / "cut" / name, "checkpoint")
        assert notes == other_notes
        assert equal(tensors, other_tensors)
    assert metrics(tmp_path / "straight") == metrics(tmp_path / "cut")


def test_resume_without_a_checkpoint_starts_anew(tmp_path: Path) -> None:
    one = trainer(tmp_path)
    before = state(one.model)
    one.resume()
    assert one.epoch == 0
    assert equal(before, state(one.model))


def test_finished_training_resumes_to_its_best_model(tmp_path: Path) -> None:
    config = dataclasses.replace(SMALL, epochs=2)
    first = trainer(tmp_path, config)
    first.fit()
    again = trainer(tmp_path, config, model=model(seed=5))
    again.resume()
    again.fit()
    assert equal(state(first.model), state(again.model))
    assert len(metrics(tmp_path)) == 2


def refused(one: Trainer) -> str:
    """What differs, as the error says."""
    with pytest.raises(InputError) as caught:
        one.resume()
    said = str(caught.value)
    assert "\n" not in said
    assert "Train into another folder" in said
    found = re.search(r"expected this training, found another: (.*)\. Train", said)
    assert found is not None, said
    return found[1]


def heads(weight: float = 1.0, loss: HeadLoss = class_loss) -> Objective:
    return dataclasses.replace(OBJECTIVE, heads={"label": (loss, weight)})


def late(logits: torch.Tensor, label: torch.Tensor) -> torch.Tensor:
    return class_loss(logits, label)


ONE_EPOCH = dataclasses.replace(SMALL, epochs=1)
CLASS_LOSS = "neurodeploy.learn.objective.class_loss"


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"config": dataclasses.replace(ONE_EPOCH, epochs=9)}, "epochs: 1 -> 9"),
        (
            {"config": dataclasses.replace(ONE_EPOCH, seed=1, batch_size=16)},
            "batch_size: 32 -> 16; seed: 0 -> 1",
        ),
        ({"objective": dataclasses.replace(OBJECTIVE, beta=0.5)}, "beta: 0.001 -> 0.5"),
        (
            {"objective": dataclasses.replace(OBJECTIVE, prior=ConstantRate(0.3))},
            "prior: ConstantRate(rate=0.1) -> ConstantRate(rate=0.3)",
        ),
        ({"objective": heads(2.0)}, "heads.label.weight: 1.0 -> 2.0"),
        ({"objective": heads(loss=late)}, f"heads.label.loss: {CLASS_LOSS} -> test_resume.late"),
        (
            {"estimator": ScoreFunction()},
            "estimator: Pathwise() -> ScoreFunction(momentum=0.9)",
        ),
    ],
)
def test_resume_of_another_training(tmp_path: Path, changes: dict[str, Any], said: str) -> None:
    trainer(tmp_path, ONE_EPOCH).fit()
    assert refused(trainer(tmp_path, **{"config": ONE_EPOCH, **changes})) == said


def compressed(**changes: Any) -> HybridModel:
    return compress(model(), **changes)


@pytest.mark.parametrize(
    ("trained", "given", "said"),
    [
        (model, lambda: compressed(bits=4), r"encoder\.layers\.0\.levels\.bits: 8 -> 4; .*"),
        (
            lambda: compressed(bits=4),
            model,
            r"encoder\.layers\.0\.levels\.bits: 4 -> 8; .*",
        ),
        (
            model,
            lambda: compressed(pruned=0.5),
            r"encoder\.layers\.0\.pruned: none -> \w{16}; encoder\.layers\.1\.pruned: .*",
        ),
        (
            model,
            lambda: model(readout=5),
            r"encoder\.layers\.1\.neurons: 12 -> 5; decoder\.neurons: 12 -> 5; "
            r"parameters\.encoder\.blocks\.1\.synapse\.weight: "
            r"\[12, 24, 1, 1, 1\] -> \[5, 24, 1, 1, 1\]; .*",
        ),
        (
            model,
            lambda: model(threshold=1.5),
            r"encoder\.layers\.1\.neuron\.threshold: 1\.0 -> 1\.5",
        ),
    ],
)
def test_resume_with_another_model(
    tmp_path: Path,
    trained: Callable[[], HybridModel],
    given: Callable[[], HybridModel],
    said: str,
) -> None:
    trainer(tmp_path, ONE_EPOCH, model=trained()).fit()
    assert re.fullmatch(said, refused(trainer(tmp_path, ONE_EPOCH, model=given())))
    with pytest.raises(InputError, match="expected this model, found another: " + said):
        load_model(given(), tmp_path / "best.safetensors")


def test_resume_with_other_data(tmp_path: Path) -> None:
    trainer(tmp_path, ONE_EPOCH).fit()
    other = trainer(tmp_path, ONE_EPOCH)
    other.train_source, other.validation = digits(train=95, validation=40)
    found = refused(other)
    assert re.match(r"train\.samples: 96 -> 95; train\.images: \w{16} -> \w{16}; ", found)
    other = trainer(tmp_path, ONE_EPOCH)
    other.train_source.shift_px = 0  # type: ignore[attr-defined]
    assert refused(other) == "train.shift_px: 1 -> 0"
    other = trainer(tmp_path, ONE_EPOCH)
    other.validation.encoding = RateEncoding(steps=STEPS, max_rate=0.5)  # type: ignore[attr-defined]
    assert refused(other) == "validation.encoding.max_rate: 1.0 -> 0.5"


def test_resume_from_a_damaged_checkpoint(tmp_path: Path) -> None:
    trainer(tmp_path, ONE_EPOCH).fit()
    path = tmp_path / "last.safetensors"
    path.write_bytes(path.read_bytes()[:-10])
    with pytest.raises(FileFormatError, match=r"last\.safetensors: expected a whole"):
        trainer(tmp_path, ONE_EPOCH).resume()


def test_a_checkpoint_of_an_earlier_version_is_refused(tmp_path: Path) -> None:
    """Those notes held no more than the configuration, beta and prior."""
    notes = {"epoch": 1, "best_loss": 1.0, "stale_epochs": 0, "history": [], "estimator": {}}
    save_tensors(tmp_path / "last.safetensors", {"x": torch.ones(1)}, {**notes, "config": {}})
    with pytest.raises(FileFormatError, match=r"notes on training, model, .*An earlier version"):
        trainer(tmp_path).resume()


def test_more_epochs_go_on_by_the_longer_schedule(tmp_path: Path) -> None:
    """Two epochs by a schedule of two, two more by the second half of a schedule of four."""
    two = dataclasses.replace(SMALL, epochs=2)
    trainer(tmp_path, two).fit()
    batches: list[TrainingBatch] = []
    longer = trainer(tmp_path, SMALL, model=model(seed=9), estimator=Watched(batches.append))
    longer.extend()
    longer.fit()
    expected = [SMALL.temperature(step / 12) for step in range(6, 12)]
    assert [batch.temperature for batch in batches] == pytest.approx(expected, rel=1e-12)
    assert [line["epochs"] for line in metrics(tmp_path)] == [2, 2, 4, 4]
    _, notes = load_tensors(tmp_path / "last.safetensors", "checkpoint")
    assert notes["training"]["epochs"] == 4
    assert refused(trainer(tmp_path, two)) == "epochs: 4 -> 2"


def test_an_extended_training_is_resumed_exactly(tmp_path: Path) -> None:
    for folder in ("straight", "cut"):
        trainer(tmp_path / folder, dataclasses.replace(SMALL, epochs=2)).fit()
    straight = trainer(tmp_path / "straight", SMALL)
    straight.extend()
    straight.fit()
    cut = trainer(tmp_path / "cut", SMALL, estimator=failing(4))
    cut.extend()
    with pytest.raises(PowerCut):
        cut.fit()
    resumed = trainer(tmp_path / "cut", SMALL, model=model(seed=9))
    resumed.resume()
    assert resumed.epoch == 3
    resumed.fit()
    assert metrics(tmp_path / "straight") == metrics(tmp_path / "cut")
    assert equal(state(straight.model), state(resumed.model))


def test_extending_changes_nothing_but_epochs(tmp_path: Path) -> None:
    trainer(tmp_path, dataclasses.replace(SMALL, epochs=2)).fit()
    with pytest.raises(InputError, match=r"found another: learning_rate: 0\.01 -> 0\.5\."):
        trainer(tmp_path, dataclasses.replace(SMALL, learning_rate=0.5)).extend()
    with pytest.raises(InputError, match=r"TrainConfig\.epochs: expected at least 2.*found 1"):
        trainer(tmp_path, ONE_EPOCH).extend()
    with pytest.raises(FileFormatError, match="an existing file"):
        trainer(tmp_path / "empty").extend()


def test_patience_starts_anew_with_more_epochs(tmp_path: Path) -> None:
    config = TrainConfig(
        epochs=5, batch_size=96, learning_rate=0.0, anneal_fraction=0.0, patience_epochs=2
    )
    one = trainer(tmp_path, config)
    one.fit()
    assert one.epoch == 3
    longer = trainer(tmp_path, dataclasses.replace(config, epochs=9))
    longer.extend()
    longer.fit()
    assert longer.epoch == 5


@pytest.mark.parametrize("name", ["best.safetensors", "last.safetensors"])
def test_fine_tuning_starts_from_a_checkpoint_with_a_fresh_schedule(
    tmp_path: Path, name: str
) -> None:
    first = trainer(tmp_path / "first")
    first.fit()
    load_model(first.model, tmp_path / "first" / name)
    straight = trainer(tmp_path / "straight", ONE_EPOCH, model=first.model)
    straight.fit()
    tuned = trainer(tmp_path / "tuned", ONE_EPOCH, model=model(seed=9))
    tuned.start_from(tmp_path / "first" / name)
    tuned.fit()
    assert equal(state(tuned.model), state(straight.model))
    assert metrics(tmp_path / "tuned") == metrics(tmp_path / "straight")


def test_a_fine_tuning_is_resumed_exactly_and_by_itself_alone(tmp_path: Path) -> None:
    for seed in (0, 1):
        trainer(tmp_path / str(seed), dataclasses.replace(ONE_EPOCH, seed=seed)).fit()
    start, other = (tmp_path / folder / "best.safetensors" for folder in ("0", "1"))
    straight = trainer(tmp_path / "straight")
    straight.start_from(start)
    straight.fit()
    cut = trainer(tmp_path / "cut", estimator=failing(7))
    cut.start_from(start)
    with pytest.raises(PowerCut):
        cut.fit()
    assert re.fullmatch(r"from: \w{16} -> none", refused(trainer(tmp_path / "cut")))
    elsewhere = trainer(tmp_path / "cut")
    elsewhere.start_from(other)
    assert re.fullmatch(r"from: \w{16} -> \w{16}", refused(elsewhere))
    resumed = trainer(tmp_path / "cut", model=model(seed=9))
    resumed.start_from(start)
    resumed.resume()
    resumed.fit()
    assert equal(state(straight.model), state(resumed.model))
    with pytest.raises(InputError, match="a training not begun, found epoch 4"):
        resumed.start_from(start)


def test_weights_of_another_model_are_not_fine_tuned(tmp_path: Path) -> None:
    trainer(tmp_path / "first", ONE_EPOCH, model=compressed(bits=4)).fit()
    one = trainer(tmp_path / "tuned", ONE_EPOCH)
    with pytest.raises(InputError, match=r"levels\.bits: 4 -> 8"):
        one.start_from(tmp_path / "first" / "best.safetensors")


def test_one_trainer_goes_on_from_its_last_epoch_not_from_its_best(
    tmp_path: Path, clock: Clock
) -> None:
    """Climbing the loss, the best epoch is the first; after it fit loads that one."""
    straight = trainer(tmp_path / "straight", estimator=Scaled(-1.0))
    straight.fit()
    again = trainer(tmp_path / "again", estimator=timed(clock, [1] * 4, Scaled(-1.0)))
    for epochs in (2, 4):
        again.fit(budget_s=6.1)
        assert again.epoch == epochs
        best, notes = load_tensors(tmp_path / "again" / "best.safetensors", "checkpoint")
        assert notes["epoch"] == 1
        assert equal(state(again.model), best)
    assert metrics(tmp_path / "straight") == metrics(tmp_path / "again")


def test_one_trainer_goes_on_after_a_power_cut(tmp_path: Path) -> None:
    """Two batches into the third epoch: its weights and moments are forgotten."""
    straight = trainer(tmp_path / "straight")
    straight.fit()
    one = trainer(tmp_path / "cut", estimator=failing(8))
    with pytest.raises(PowerCut):
        one.fit()
    one.step.estimator = PATHWISE
    one.fit()
    assert equal(state(straight.model), state(one.model))
    assert metrics(tmp_path / "straight") == metrics(tmp_path / "cut")


def test_patience_is_counted_across_a_resume(tmp_path: Path) -> None:
    config = TrainConfig(
        epochs=10, batch_size=96, learning_rate=0.0, anneal_fraction=0.0, patience_epochs=3
    )
    with pytest.raises(PowerCut):
        trainer(tmp_path, config, estimator=failing(2)).fit()
    resumed = trainer(tmp_path, config)
    resumed.resume()
    resumed.fit()
    assert resumed.epoch == 4  # the best one, then three
    _, notes = load_tensors(tmp_path / "best.safetensors", "checkpoint")
    assert notes["epoch"] == 1


def test_what_a_budget_left_out_is_resumed_exactly(tmp_path: Path, clock: Clock) -> None:
    straight = trainer(tmp_path / "straight")
    straight.fit()
    runs = ((model(), 6.1, 2), (model(seed=98), 1.0, 3), (model(seed=99), 1.0, 4))
    for made, budget_s, epochs in runs:
        one = trainer(tmp_path / "pieces", model=made, estimator=timed(clock, [1, 1, 1, 1]))
        one.resume()
        one.fit(budget_s=budget_s)
        assert one.epoch == epochs
        best, _ = load_tensors(tmp_path / "pieces" / "best.safetensors", "checkpoint")
        assert equal(state(one.model), best)
    assert equal(state(straight.model), state(one.model))
    assert metrics(tmp_path / "straight") == metrics(tmp_path / "pieces")
    for name in ("last.safetensors", "best.safetensors"):
        tensors, notes = load_tensors(tmp_path / "straight" / name, "checkpoint")
        other_tensors, other_notes = load_tensors(tmp_path / "pieces" / name, "checkpoint")
        assert notes == other_notes
        assert equal(tensors, other_tensors)
