"""What the parts of VDIB are worth on MNIST: one small network, one thing changed at a time.

Usage: python train/compare_mnist.py [--share 0/2] [--seeds 3] [--table TABLE ...]

Every run is kept in runs/results once it is finished; start the script again to go on, or twice
with --share 0/2 and --share 1/2 to use two cores. `python train/tables.py` makes the tables.
"""

import argparse
import dataclasses
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import neurodeploy as nd
from neurodeploy.cli.app import progress_bar
from neurodeploy.experiments.ann_encoder import ann_model
from neurodeploy.experiments.measure import measure, measure_sampled
from neurodeploy.experiments.spike_rate import run_spike_rate
from neurodeploy.experiments.units import Unit, run_units
from neurodeploy.model.neuron import CubaParameters
from neurodeploy.signals.distort import Distortion

Run = Callable[[Path], Mapping[str, float]]
RESULTS = Path("runs/results")

TASK = nd.ImageTask(
    dataset="mnist",
    train=4000,
    validation=500,
    test=500,
    encoding=nd.LatencyEncoding(steps=16, threshold=0.2),
    hidden=(256,),
    readout=32,
    neuron=CubaParameters(surrogate_width=0.01),
    decoder="mlp",
    decoder_hidden=128,
    heads=("label",),
    beta=0.01,
    prior_rate=0.05,
    shift_px=1,
    distortion=Distortion(rotate_deg=10, scale=0.1, elastic_px=1.0),
    training=nd.TrainConfig(epochs=20, learning_rate=2e-3, patience_epochs=20),
)

DECODERS = ("linear", "conv", "recurrent", "rate", "first")
BETAS = (0.0, 0.003, 0.03, 0.1, 0.3, 1.0)
TEMPERATURES = {
    "0.4 to 0.02": (0.4, 0.02),
    "0.4 to 0.2": (0.4, 0.2),
    "always 0.4": (0.4, 0.4),
    "1 to 0.05": (1.0, 0.05),
}


def seeded(task: nd.ImageTask, seed: int) -> nd.ImageTask:
    """The task with another seed; the split stays."""
    return dataclasses.replace(task, training=dataclasses.replace(task.training, seed=seed))


def vdib(task: nd.ImageTask) -> Run:
    """Train, export, deploy, measure."""

    def run(folder: Path) -> Mapping[str, float]:
        splits = task.splits()
        return measure(task, splits, nd.train_task(task, splits, folder))

    return run


def ann(task: nd.ImageTask) -> Run:
    """The same with an encoder that does not spike."""

    def run(folder: Path) -> Mapping[str, float]:
        splits = task.splits()
        trained = nd.train_task(task, splits, folder, model=ann_model(task, splits))
        return measure_sampled(task, splits, trained)

    return run


def spike_rate(task: nd.ImageTask) -> Run:
    """The same hidden layer, trained towards hand-made target rates."""
    return lambda folder: run_spike_rate(task, task.splits())


def units(seeds: int) -> Iterator[Unit]:
    """All runs, seed by seed, so that every table fills evenly."""
    for seed in range(seeds):
        task = seeded(TASK, seed)

        def unit(table: str, variant: str, run: Run, seed: int = seed) -> Unit:
            return Unit(table=table, variant=variant, seed=seed, run=run)

        yield unit("base", "base", vdib(task))
        yield unit("decoders", "SpikeRate", spike_rate(task))
        for decoder in DECODERS:
            yield unit("decoders", decoder, vdib(dataclasses.replace(task, decoder=decoder)))
        for beta in BETAS:
            yield unit("beta", f"{beta:g}", vdib(dataclasses.replace(task, beta=beta)))
        scored = dataclasses.replace(task, estimator="score-function")
        yield unit("estimators", "score-function", vdib(scored))
        for variant, (start, end) in TEMPERATURES.items():
            training = dataclasses.replace(
                task.training, temperature_start=start, temperature_end=end
            )
            yield unit("temperature", variant, vdib(dataclasses.replace(task, training=training)))
        for beta in (TASK.beta, *BETAS):
            yield unit("beta-ann", f"{beta:g}", ann(dataclasses.replace(task, beta=beta)))


def main() -> None:
    """Run this process's share of the units."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--share", default="0/1")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--table", nargs="*", default=[])
    given = parser.parse_args()
    place, processes = map(int, given.share.split("/"))
    wanted = [unit for unit in units(given.seeds) if not given.table or unit.table in given.table]
    with progress_bar() as progress:
        run_units(wanted, RESULTS, share=(place, processes), progress=progress)


if __name__ == "__main__":
    main()
