"""Several processes train as one would. Run as a script, this file is one of the processes."""

from __future__ import annotations

import itertools
import json
import os
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

import neurodeploy.learn.trainer
from neurodeploy._io.tensors import load_tensors
from neurodeploy.errors import InputError
from neurodeploy.learn.data import Batch, ImageSource
from neurodeploy.learn.distributed import Group, batch_mean, join
from neurodeploy.learn.estimators import LeaveOneOut, Pathwise, ScoreFunction
from neurodeploy.learn.objective import ConstantRate, Objective, class_loss, pixel_loss
from neurodeploy.learn.parameter_baselines import ParameterBaselines
from neurodeploy.learn.schedule import TrainConfig
from neurodeploy.learn.trainer import Trainer
from neurodeploy.model.decoder import Decoder, DecoderConfig
from neurodeploy.model.encoder import Encoder
from neurodeploy.model.hybrid import HybridModel
from neurodeploy.model.noise import ShareOfNoise
from neurodeploy.model.quantization import compress
from neurodeploy.model.specs import DenseSpec
from neurodeploy.signals.datasets import load_digits, split
from neurodeploy.signals.encode import RateEncoding

STEPS = 8
PROCESSES = 2
EPOCHS = 3
BUDGET_S = 1e6
ESTIMATORS = {
    "pathwise": Pathwise(),
    "score-function": ScoreFunction(),
    "leave-one-out": LeaveOneOut(samples=2),
    "parameter-baselines": ParameterBaselines(),
}


def trainer(folder: Path, estimator: str) -> Trainer:
    """Batches of 32, 32 and 3 rows, the last one shared as 1 and 2; a pruned model."""
    torch.manual_seed(0)
    layers = [DenseSpec(neurons=24, bias=True, delay_steps=3), DenseSpec(neurons=12, bias=True)]
    heads = {"label": 10, "image": 64}
    decoder = DecoderConfig(kind="mlp", neurons=12, window_steps=STEPS, heads=heads, hidden=16)
    parts = split(load_digits(), train=67, validation=33, test=1, seed=0)
    encoding = RateEncoding(steps=STEPS)
    losses = {"label": (class_loss, 1.0), "image": (pixel_loss, 0.1)}
    return Trainer(
        compress(HybridModel(Encoder((64,), layers), Decoder(decoder)), pruned=0.3),
        Objective(heads=losses, beta=0.01, prior=ConstantRate(0.1)),
        train=ImageSource(parts.train, encoding, shift_px=1),
        validation=ImageSource(parts.validation, encoding),
        folder=folder,
        config=TrainConfig(epochs=EPOCHS, batch_size=32, learning_rate=0.005),
        estimator=ESTIMATORS[estimator],
    )


def record_writes(folder: Path) -> list[str]:
    """Paths in a folder that this process makes, opens for writing or renames to, from now on."""
    written: list[str] = []

    def hear(event: str, args: tuple[Any, ...]) -> None:
        if event == "os.mkdir" or (event == "open" and args[2] & (os.O_WRONLY | os.O_RDWR)):
            path = str(args[0])
        elif event == "os.rename":
            path = str(args[1])
        else:
            return
        if path.startswith(str(folder)):
            written.append(path)

    sys.addaudithook(hear)
    return written


def be_one_of_the_processes(folder: Path) -> None:
    """Train with each estimator, then within a budget that only the others think is spent."""
    written = record_writes(folder)
    ends = {}
    for name in ESTIMATORS:
        one = trainer(folder / name, name)
        one.fit()
        ends[name] = {"epoch": one.epoch, "loss": float(one.history[-1]["log_loss"])}
    hurry = 1 if one.group.leads else 1e9
    neurodeploy.learn.trainer.time = SimpleNamespace(  # type: ignore[assignment]
        monotonic=lambda: hurry * time.monotonic()
    )
    one = trainer(folder / "budget", "pathwise")
    one.fit(budget_s=BUDGET_S)
    ends["budget"] = {"epoch": one.epoch}
    found = {"group": [one.group.rank, one.group.size], "written": list(written), "ends": ends}
    (folder / f"process{one.group.rank}.json").write_text(json.dumps(found))


pytestmark = pytest.mark.usefixtures("one_thread")


@pytest.fixture(scope="module")
def together(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What two processes left, trained as a person would train on one machine."""
    folder = tmp_path_factory.mktemp("together")
    launch = ["torch.distributed.run", "--standalone", "--nproc-per-node", str(PROCESSES)]
    with subprocess.Popen(
        [sys.executable, "-m", *launch, __file__, str(folder)],
        env={**os.environ, "OMP_NUM_THREADS": "1", "CUDA_VISIBLE_DEVICES": ""},
        stderr=subprocess.PIPE,
        text=True,
    ) as launched:
        try:
            _, said = launched.communicate(timeout=120)
        finally:
            launched.terminate()  # asked so, it ends its processes too
    assert launched.returncode == 0, said
    return folder


@pytest.fixture(scope="module")
def reports(together: Path) -> list[dict[str, Any]]:
    """What each process said of itself."""
    return [json.loads((together / f"process{rank}.json").read_text()) for rank in range(PROCESSES)]


@pytest.mark.parametrize("estimator", ESTIMATORS)
def test_several_processes_train_as_one(together: Path, tmp_path: Path, estimator: str) -> None:
    """Sums over the batch are grouped otherwise, in float32.

    That gives losses a few roundings of 2**-24 of difference. Adam divides a gradient by its
    size, so a gradient that all but cancels moves its parameter by a rounded direction: not by
    the learning rate, 5e-3 a step, but by up to a thousandth of it. Half of the parameters
    moved by more than a step.
    """
    alone = trainer(tmp_path, estimator)
    before = {name: tensor.clone() for name, tensor in alone.model.state_dict().items()}
    alone.fit()
    lines = [json.loads(x) for x in (together / estimator / "metrics.jsonl").open()]
    assert len(lines) == len(alone.history) == EPOCHS
    for line, expected in zip(lines, alone.history, strict=True):
        assert line == pytest.approx(expected, rel=4 * 2**-23, abs=0)
    for name in ("last.safetensors", "best.safetensors"):
        found, notes = load_tensors(together / estimator / name, "checkpoint")
        tensors, expected_notes = load_tensors(tmp_path / name, "checkpoint")
        assert notes["model"] == expected_notes["model"]
        assert notes.get("training") == expected_notes.get("training")
        assert notes.get("epoch") == expected_notes.get("epoch")
        assert found.keys() == tensors.keys()
        for key, tensor in tensors.items():
            # An estimator keeps means of squares and costs, which are large numbers.
            large = tensor.abs().max().item() if key.startswith("estimator.") else 1.0
            torch.testing.assert_close(found[key], tensor, rtol=0, atol=1e-5 * large, msg=key)
    last, _ = load_tensors(together / estimator / "last.safetensors", "checkpoint")
    moved = [(last[f"model.{key}"] - tensor).abs().flatten() for key, tensor in before.items()]
    assert float(torch.cat(moved).median()) > 5e-3


def test_every_process_knows_its_group(reports: list[dict[str, Any]]) -> None:
    assert [report["group"] for report in reports] == [[0, 2], [1, 2]]


def test_only_the_leader_writes(together: Path, reports: list[dict[str, Any]]) -> None:
    leader, other = (report["written"] for report in reports)
    assert other == []
    for name in (*ESTIMATORS, "budget"):
        assert any(path.endswith(f"{name}/metrics.jsonl") for path in leader), leader
        kept = {path.name for path in (together / name).iterdir()}
        assert {"best.safetensors", "last.safetensors", "metrics.jsonl"} <= kept


def test_all_processes_end_with_the_same(reports: list[dict[str, Any]]) -> None:
    assert reports[0]["ends"] == reports[1]["ends"]


def test_the_leaders_clock_decides_about_the_budget(reports: list[dict[str, Any]]) -> None:
    """By the other's clock the first epoch takes more than all of it."""
    assert [report["ends"]["budget"]["epoch"] for report in reports] == [EPOCHS, EPOCHS]


@pytest.fixture
def no_launcher(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("WORLD_SIZE", raising=False)


@pytest.mark.usefixtures("no_launcher")
def test_without_torchrun_a_process_is_alone() -> None:
    group = join()
    assert group == Group(rank=0, size=1)
    assert group.leads
    assert not torch.distributed.is_initialized()
    module = torch.nn.Linear(2, 2)
    assert group.parallel(module) is module
    group.wait()
    assert group.agreed(True)
    assert not group.agreed(False)


def batch(rows: int) -> Batch:
    """Rows that are all different."""
    numbers = torch.arange(float(rows))
    spikes = numbers.reshape(rows, 1, 1).expand(rows, 2, 3)
    return Batch(spikes, {"label": torch.arange(rows), "image": -numbers[:, None]})


def test_a_process_alone_has_the_whole_batch() -> None:
    whole, generator = batch(5), torch.Generator()
    share, noise, weight = Group().share(whole, generator)
    assert share is whole
    assert noise is generator
    assert weight == 1


@given(st.integers(2, 7), st.integers(0, 20))
def test_shares_are_the_batch_and_their_weighted_mean_is_its_mean(size: int, more: int) -> None:
    whole, generator = batch(size + more), torch.Generator()
    groups = [Group(rank=rank, size=size) for rank in range(size)]
    shares, noises, weights = zip(*(g.share(whole, generator) for g in groups), strict=True)
    rows = [len(share.spikes) for share in shares]
    assert min(rows) >= 1
    assert max(rows) - min(rows) <= 1
    assert torch.equal(torch.cat([share.spikes for share in shares]), whole.spikes)
    for head, target in whole.targets.items():
        assert torch.equal(torch.cat([share.targets[head] for share in shares]), target)
    starts = [0, *itertools.accumulate(rows)]
    for noise, start in zip(noises, starts, strict=False):
        assert noise == ShareOfNoise(generator=generator, start=start, rows=size + more)
    # DistributedDataParallel averages what each process finds
    means = [w * s.spikes.mean().item() for s, w in zip(shares, weights, strict=True)]
    assert sum(means) / size == pytest.approx(whole.spikes.mean().item(), rel=1e-6)
    assert [group.leads for group in groups] == [rank == 0 for rank in range(size)]


@pytest.mark.parametrize(("rows", "size"), [(1, 2), (3, 4), (0, 2)])
def test_a_batch_with_fewer_rows_than_processes_is_refused(rows: int, size: int) -> None:
    for rank in range(size):
        with pytest.raises(InputError, match=f"a row for each of {size} processes, found {rows}"):
            Group(rank=rank, size=size).share(batch(rows), torch.Generator())


def test_batch_mean_alone_is_the_mean() -> None:
    values = torch.tensor([1.0, 2.0, 6.0], requires_grad=True)
    assert batch_mean(values) == 3


if __name__ == "__main__":
    be_one_of_the_processes(Path(sys.argv[1]))
