"""Does a decoder that sees when spikes come read more? Spoken digits, by readout and decoder.

Usage: python train/spike_timing.py DATA [--workers 2] [--seeds 5] [--table timing held-out ...]

DATA is the folder of the Free Spoken Digit Dataset, or of all data. Tables: ``timing``, official
split, readout neurons by decoder; ``held-out``, one speaker after the other, whom training never
heard; ``direction``, whether a recording runs forward or backward, which no count of input spikes
can tell. Every run is kept in runs/results once it is finished; `python train/results.py` makes the
tables.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np
import torch

import neurodeploy as nd
from neurodeploy.experiments import Run, Unit, measure, run_script, script_parser
from neurodeploy.signals.packed import PackedSpikes
from neurodeploy.tasks.recorded import RecordedPart, RecordedSplits


class DeepCounts(torch.nn.Module):
    """Spike counts alone, on three scales, by two hidden layers."""

    def __init__(self, config: nd.DecoderConfig) -> None:
        super().__init__()
        self.features, self.steps = config.hidden, config.window_steps
        self.body = torch.nn.Sequential(
            torch.nn.Linear(3 * config.neurons, config.hidden),
            torch.nn.ReLU(),
            torch.nn.Linear(config.hidden, config.hidden),
            torch.nn.ReLU(),
        )

    def forward(self, window: torch.Tensor) -> torch.Tensor:
        """Map [batch, neuron, step] to [batch, feature]."""
        counts = window.sum(2)
        logarithm = torch.log1p(counts) / np.log1p(self.steps)
        scales = [counts / self.steps, (counts / self.steps + 1e-3).sqrt(), logarithm]
        features: torch.Tensor = self.body(torch.cat(scales, 1))
        return features


class ShuffledTimes(torch.nn.Module):
    """An MLP that is trained and tested on each neuron's spikes in an order of chance."""

    def __init__(self, config: nd.DecoderConfig) -> None:
        super().__init__()
        self.features = config.hidden
        self.layer = torch.nn.Linear(config.neurons * config.window_steps, config.hidden)

    def forward(self, window: torch.Tensor) -> torch.Tensor:
        """Map [batch, neuron, step] to [batch, feature]."""
        shuffled = window.gather(2, torch.rand_like(window).argsort(2))
        return torch.relu(self.layer(shuffled.flatten(1)))


class LastStep(torch.nn.Module):
    """One hidden layer over the spikes of the last step."""

    def __init__(self, config: nd.DecoderConfig) -> None:
        super().__init__()
        self.features = config.hidden
        self.layer = torch.nn.Linear(config.neurons, config.hidden)

    def forward(self, window: torch.Tensor) -> torch.Tensor:
        """Map [batch, neuron, step] to [batch, feature]."""
        return torch.relu(self.layer(window[..., -1]))


DECODERS: dict[str, str | type[torch.nn.Module]] = {
    "linear": "linear",
    "mlp": "mlp",
    "conv": "conv",
    "recurrent": "recurrent",
    "counts": DeepCounts,
    "counts, one layer": "rate",
    "first spike": "first",
    "last step": LastStep,
    "mlp, times shuffled": ShuffledTimes,
}
READOUTS = (1, 2, 4, 8, 32)

TASK = nd.RecordedTask(
    corpus=nd.SpokenDigits(hearing=nd.Hearing(bands=32, delta_db=6, trim_db=30)),
    steps=50,
    dt_s=0.014,
    jitter=nd.Jitter(steps=2, bands=1, groups=2, drop=0.2),
    hidden=(128,),
    readout=32,
    neuron=nd.CubaParameters(surrogate_width=0.1),
    decoder_hidden=128,
    beta=1e-3,
    prior=nd.ConstantRate(0.3),  # near what two neurons send without a price: a budget for all
    training=nd.TrainConfig(epochs=30, learning_rate=2e-3, patience_epochs=30),
)


@dataclasses.dataclass(frozen=True, kw_only=True)
class DirectionTask(nd.RecordedTask):
    """Tell whether a recording runs forward or backward: both have the same counts of spikes."""

    def splits(self) -> RecordedSplits:
        """Each recording of the corpus both ways, in the part where it was."""
        splits = super().splits()
        both = {part: _both_ways(getattr(splits, part)) for part in ("train", "validation", "test")}
        return RecordedSplits(**both, classes=("forward", "backward"))


def _both_ways(part: RecordedPart) -> RecordedPart:
    spikes = part.spikes[np.arange(len(part.spikes))]
    both = np.concatenate([spikes, spikes[..., ::-1]])
    packed = PackedSpikes(
        bits=np.packbits(both, axis=-1), steps=part.spikes.steps, places=np.arange(len(both))
    )
    return RecordedPart(spikes=packed, labels=np.repeat([0, 1], len(spikes)))


def vdib(task: nd.RecordedTask) -> Run:
    """Train, export, deploy, measure."""

    def run(folder: Path) -> Mapping[str, float]:
        splits = task.splits()
        return measure(task, splits, nd.train_task(task, splits, folder))

    return run


def units(data: Path, seeds: int) -> Iterator[Unit]:
    """All runs, seed by seed; the tightest readouts first."""
    base = TASK.in_folder(data)
    fields = {each.name: getattr(base, each.name) for each in dataclasses.fields(base)}
    direction = DirectionTask(**fields)

    def unit(table: str, task: nd.RecordedTask, name: str, readout: int, seed: int) -> Unit:
        task = dataclasses.replace(task, readout=readout, decoder=DECODERS[name])
        run = vdib(task.trained_with(seed=seed))
        return Unit(table=table, variant=f"{readout:02d} neurons, {name}", seed=seed, run=run)

    for seed in range(seeds):
        for readout in sorted(READOUTS, key=lambda neurons: abs(neurons - 2)):
            for name in DECODERS:
                yield unit("timing", base, name, readout, seed)
        for name in ("mlp", "recurrent", "counts"):
            yield unit("direction", direction, name, 2, seed)
    speakers = sorted({str(each) for each in base.corpus.open(data).speakers or ()})
    for place, speaker in enumerate(speakers):
        held = dataclasses.replace(base, held_out=speaker)
        for readout in (2, 32):
            for name in ("mlp", "counts"):
                yield unit("held-out", held, name, readout, place)


def main() -> None:
    """Run the units."""
    parser = script_parser(seeds=5)
    parser.add_argument("data", type=Path)
    given = parser.parse_args()
    run_script(
        units(given.data, given.seeds),
        tables=given.table,
        workers=given.workers,
        cluster=given.cluster,
    )


if __name__ == "__main__":
    main()
