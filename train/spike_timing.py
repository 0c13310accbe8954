"""Does a decoder that sees when spikes come read more? Spoken digits and N-MNIST, by readout.

Usage: python train/spike_timing.py DATA [--workers 2] [--seeds 5] [--table timing held-out ...]
           [--readouts 1 2 4 8 32] [--decoders mlp counts ...]

DATA is the folder of all data, with the Free Spoken Digit Dataset and N-MNIST. Tables: ``timing``,
official split, readout neurons by decoder; ``held-out``, one speaker after the other, whom training
never heard, the shipped task new-voices too; ``direction``, whether a recording runs forward or
backward, which no count of input spikes can tell; ``timing-nmnist``, the shipped task on N-MNIST,
cross-validated, with folds in place of seeds.
Every run is kept in runs/results once it is finished; `python train/results.py` makes the tables.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence
from pathlib import Path

import neurodeploy as nd
from neurodeploy.experiments import (
    DeepCounts,
    DirectionTask,
    LastStep,
    ShuffledTimes,
    Unit,
    folded,
    pooled,
    run_script,
    run_spike_cnn,
    script_parser,
    vdib,
)

DECODERS: dict[str, str | type] = {
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
READOUTS = (2, 1, 4, 8, 32)

COMPARED = ("mlp", "counts", "counts, one layer")
"""Decoders of a speaker who is held out."""

TASK = nd.RecordedTask(
    corpus=nd.SpokenDigits(hearing=nd.Hearing(bands=32, code=nd.Crossings(delta_db=6), trim_db=30)),
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


def units(
    data: Path, seeds: int, readouts: Sequence[int], decoders: Sequence[str]
) -> Iterator[Unit]:
    """All runs, seed by seed; the tightest readouts first."""
    base = TASK.in_folder(data)
    direction = DirectionTask.of(base)
    for seed in range(seeds):
        for readout in readouts:
            for name in decoders:
                yield unit("timing", base, name, readout, seed)
        for name in ("mlp", "recurrent", "counts"):
            yield unit("direction", direction, name, 2, seed)
    yield from by_fold(data, readouts, decoders)
    yield from by_speaker(data)


def unit(table: str, task: nd.RecordedTask, name: str, readout: int, seed: int) -> Unit:
    """A readout and a decoder of one task."""
    task = dataclasses.replace(task, readout=readout, decoder=DECODERS[name])
    run = vdib(task.trained_with(seed=seed), threads=1)
    return Unit(table=table, variant=f"{readout:02d} neurons, {name}", seed=seed, run=run)


def by_fold(data: Path, readouts: Sequence[int], decoders: Sequence[str]) -> Iterator[Unit]:
    """N-MNIST, fold by fold."""
    events = dataclasses.replace(recorded("nmnist", data), beta=TASK.beta, prior=TASK.prior)
    for fold, seen in enumerate(folded(events)):
        for readout in readouts:
            for name in decoders:
                yield pooled(unit("timing-nmnist", seen, name, readout, fold), events)


def by_speaker(data: Path) -> Iterator[Unit]:
    """Spoken digits, one speaker held out after the other."""
    base, voices = TASK.in_folder(data), recorded("new-voices", data)
    speakers = sorted({str(each) for each in base.corpus.open(data).speakers or ()})
    for place, speaker in enumerate(speakers):
        held = dataclasses.replace(base, held_out=speaker)
        for readout in (2, 32):
            for name in COMPARED:
                yield pooled(unit("held-out", held, name, readout, place), base)
        trained_for_it = dataclasses.replace(voices, held_out=speaker).trained_with(seed=place)
        runs = {
            name: vdib(dataclasses.replace(trained_for_it, decoder=DECODERS[name]), threads=1)
            for name in ("recurrent", "counts, one layer")
        }
        earlier = dataclasses.replace(
            trained_for_it, decoder="mlp", jitter=earlier_tempos(voices.jitter)
        )
        runs["mlp"] = vdib(earlier, threads=1)
        runs["an ordinary CNN"] = run_spike_cnn(trained_for_it, epochs=25)
        for name, run in runs.items():
            one = Unit(table="held-out", variant=f"new-voices, {name}", seed=place, run=run)
            yield pooled(one, voices)


def earlier_tempos(voices: nd.Jitter | nd.Voices) -> nd.Voices:
    """Changed voices with the tempos that the task had before its GRU."""
    assert isinstance(voices, nd.Voices)
    return dataclasses.replace(voices, stretch=0.25)


def recorded(name: str, data: Path) -> nd.RecordedTask:
    """A shipped task of recordings."""
    task = nd.task(name).in_folder(data)
    assert isinstance(task, nd.RecordedTask)
    return task


def main() -> None:
    """Run the units."""
    parser = script_parser(seeds=5)
    parser.add_argument("data", type=Path)
    parser.add_argument("--readouts", type=int, nargs="*", default=READOUTS)
    parser.add_argument("--decoders", nargs="*", choices=DECODERS, default=[*DECODERS])
    given = parser.parse_args()
    run_script(units(given.data, given.seeds, given.readouts, given.decoders), given)


if __name__ == "__main__":
    main()
