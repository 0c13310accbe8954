"""What the parts of VDIB are worth on MNIST: one small network, one thing changed at a time.

Usage: python train/compare_mnist.py [--workers 2] [--seeds 3] [--table TABLE ...]

Every run is kept in runs/results once it is finished; start the script again to go on, with
--workers 2 to use two cores. `python train/results.py` makes the tables.
"""

import dataclasses
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from rich.progress import Progress

import neurodeploy as nd
from neurodeploy.experiments import (
    GreyTask,
    Run,
    Unit,
    grey_model,
    lstm_model,
    measure_sampled,
    run_counting,
    run_script,
    run_spike_rate,
    script_parser,
    vdib,
)

TASK = nd.ImageTask(
    dataset="mnist",
    train=4000,
    validation=500,
    test=500,
    encoding=nd.LatencyEncoding(steps=16, threshold=0.2),
    hidden=(256,),
    readout=32,
    neuron=nd.CubaParameters(surrogate_width=0.01),
    decoder="mlp",
    decoder_hidden=128,
    heads=("label",),
    beta=0.01,
    prior=nd.ConstantRate(0.05),
    shift_px=1,
    distortion=nd.Distortion(rotate_deg=10, scale=0.1, elastic_px=1.0),
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

ESTIMATORS: dict[str, tuple[nd.Estimator, float, float]] = {
    "score function": (nd.ScoreFunction(), 0.4, 0.4),
    "score function, a baseline a parameter": (nd.ParameterBaselines(), 0.4, 0.2),
    "leave-one-out, 2 samples": (nd.LeaveOneOut(samples=2), 1.0, 0.2),
    "leave-one-out, 4 samples": (nd.LeaveOneOut(samples=4), 1.0, 0.2),
    "leave-one-out, 8 samples": (nd.LeaveOneOut(samples=8), 1.0, 0.2),
}
"""Each with its temperature at the start and the end; the straight-through gradient is the base."""

RATES = (0.5, 0.0)
"""Target rates of SpikeRate, true and false."""

COUNT_SCALE = 1.0
"""Logits of a counted spike."""

ANN_EPOCHS, ANN_PATIENCE = 40, 5
"""Of encoders that do not spike: at most so many, and so many without a better one."""

CHOICE_SEED = 100
TEMPERATURE_CHOICES = ((0.4, 0.05), (0.4, 0.2), (0.4, 0.4), (1.0, 0.2))
RATE_CHOICES = ((0.2, 0.03), (0.3, 0.0), (0.5, 0.0), (0.8, 0.0))
SCALE_CHOICES = (0.5, 1.0)
"""What was chosen from, by validation with a seed that no other table has (table choices)."""


def without_spikes(task: nd.ImageTask, model: Callable[..., nd.HybridModel]) -> Run:
    """The same with an encoder that does not spike, of the epoch that is best on validation."""
    changed = task.trained_with(epochs=ANN_EPOCHS, patience_epochs=ANN_PATIENCE)

    def run(folder: Path) -> Mapping[str, float]:
        splits = changed.splits()
        untrained, quiet = model(changed, splits), Progress(disable=True)
        trained = nd.train_task(changed, splits, folder, quiet, model=untrained)
        measured = measure_sampled(changed, splits, trained)
        return {**measured, "test_samples": len(splits.test)}

    return run


def spike_rate(task: nd.ImageTask, rates: tuple[float, float] = RATES) -> Run:
    """The same hidden layer, trained towards hand-made target rates."""
    return lambda folder: run_spike_rate(
        task, task.splits(), true_rate=rates[0], false_rate=rates[1]
    )


def counting(task: nd.ImageTask, scale: float = COUNT_SCALE) -> Run:
    """The same hidden layer, trained with the cross-entropy of counts."""
    return lambda folder: run_counting(task, task.splits(), scale=scale)


def scored(task: nd.ImageTask, estimator: nd.Estimator, start: float, end: float) -> Run:
    """The same with another estimator and temperature."""
    changed = dataclasses.replace(task, estimator=estimator)
    return vdib(changed.trained_with(temperature_start=start, temperature_end=end))


def choices() -> Iterator[Unit]:
    """What estimators and baselines are chosen by."""
    task = TASK.trained_with(seed=CHOICE_SEED)

    def unit(variant: str, run: Run) -> Unit:
        return Unit(table="choices", variant=variant, seed=CHOICE_SEED, run=run)

    for rates in RATE_CHOICES:
        yield unit("SpikeRate, {:g} and {:g}".format(*rates), spike_rate(task, rates))
    for scale in SCALE_CHOICES:
        yield unit(f"cross-entropy of counts, times {scale:g}", counting(task, scale))
    estimators = {name: estimator for name, (estimator, _, _) in ESTIMATORS.items()}
    for name, estimator in {"straight-through": TASK.estimator, **estimators}.items():
        for start, end in TEMPERATURE_CHOICES:
            yield unit(f"{name}, {start:g} to {end:g}", scored(task, estimator, start, end))


def units(seeds: int) -> Iterator[Unit]:
    """All runs, seed by seed, so that every table fills evenly; then the choices."""
    for seed in range(seeds):
        task = TASK.trained_with(seed=seed)

        def unit(table: str, variant: str, run: Run, seed: int = seed) -> Unit:
            return Unit(table=table, variant=variant, seed=seed, run=run)

        yield unit("base", "base", vdib(task))
        for variant, (estimator, start, end) in ESTIMATORS.items():
            yield unit("estimators", variant, scored(task, estimator, start, end))
        yield unit("decoders", "SpikeRate", spike_rate(task))
        yield unit("decoders", "cross-entropy of counts", counting(task))
        for decoder in DECODERS:
            yield unit("decoders", decoder, vdib(dataclasses.replace(task, decoder=decoder)))
        for beta in BETAS:
            yield unit("beta", f"{beta:g}", vdib(dataclasses.replace(task, beta=beta)))
        for variant, (start, end) in TEMPERATURES.items():
            changed = task.trained_with(temperature_start=start, temperature_end=end)
            yield unit("temperature", variant, vdib(changed))
        for beta in (TASK.beta, *BETAS):
            changed = dataclasses.replace(task, beta=beta)
            grey = without_spikes(GreyTask.of(changed), grey_model)
            yield unit("beta-grey", f"{beta:g}", grey)
        yield unit("beta-lstm", f"{TASK.beta:g}", without_spikes(task, lstm_model))
    yield from choices()


def main() -> None:
    """Run the units."""
    given = script_parser(seeds=3).parse_args()
    run_script(units(given.seeds), given)


if __name__ == "__main__":
    main()
