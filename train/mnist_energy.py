"""MNIST with few spikes beside the ANN of the same layers: accuracy and energy proxies.

Usage: python train/mnist_energy.py [--seeds 3]

Both learn from the same distorted digits for as many epochs, with Adam and a cosine schedule. The
spiking model is then pruned and given fewer weight bits, and trained on; what is measured is what
is exported. Energies are proxies: operations counted in the run, at published figures of one
device class, with the decoder; once with every product, once without those by 0, on both sides.
Every run is kept in runs/results once it is finished; start the
script again to go on. `python train/results.py` makes the tables.
"""

import argparse
import dataclasses
from collections.abc import Iterator, Mapping
from pathlib import Path

import torch

import neurodeploy as nd
from neurodeploy.experiments import RESULTS, Run, Unit, run_script
from neurodeploy.signals import Splits

DEVICES = ("cmos45_float", "cmos45_integer", "sram45_integer")

TASK = nd.ImageTask(
    dataset="mnist",
    train=4000,
    validation=500,
    test=500,
    encoding=nd.LatencyEncoding(steps=8, threshold=0.3),
    hidden=(600,),
    readout=64,
    neuron=nd.CubaParameters(surrogate_width=0.01),
    decoder="linear",
    heads=("label",),
    beta=0.002,
    prior=nd.ConstantRate(0.05),
    shift_px=1,
    distortion=nd.Distortion(rotate_deg=12, scale=0.12, elastic_px=1.2),
    training=nd.TrainConfig(epochs=40, learning_rate=2e-3, patience_epochs=40),
)
FINE_TUNING = nd.TrainConfig(epochs=10, learning_rate=5e-4, temperature_start=0.05)

COMPRESSED: dict[str, dict[str, float]] = {
    "pruned 70 %": {"pruned": 0.7},
    "pruned 90 %": {"pruned": 0.9},
    "4-bit weights": {"bits": 4},
    "pruned 70 %, 4-bit weights": {"pruned": 0.7, "bits": 4},
}


def ann_of(task: nd.ImageTask) -> Run:
    """Train 784-hidden-readout-10 with ReLU; the best epoch on validation."""

    def run(_: Path) -> Mapping[str, float]:
        splits, training = task.splits(), task.training
        torch.manual_seed(training.seed)
        ann = torch.nn.Sequential(
            torch.nn.Linear(784, task.widths[0]),
            torch.nn.ReLU(),
            torch.nn.Linear(task.widths[0], task.readout),
            torch.nn.ReLU(),
            torch.nn.Linear(task.readout, 10),
        )
        optimiser = torch.optim.Adam(ann.parameters(), lr=1e-3)
        schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, training.epochs)
        digits = task.sources(splits).train
        best, test = 0.0, 0.0
        for epoch in range(training.epochs):
            for batch in digits.shuffled(training.batch_size, training.seed, epoch):
                optimiser.zero_grad()
                answer = ann(batch.targets["image"])
                torch.nn.functional.cross_entropy(answer, batch.targets["label"]).backward()
                optimiser.step()
            schedule.step()
            validated = accuracy(ann, splits, "validation")
            if validated >= best:
                best, test = validated, accuracy(ann, splits, "test")
        return {"accuracy_deployed": test, "accuracy_validation": best, **operations(ann, splits)}

    return run


def operations(ann: torch.nn.Module, splits: Splits) -> Mapping[str, float]:
    """Of the ANN on the test digits: what it multiplies, all and not by 0, and proxies of both."""
    layers = nd.layer_macs(ann, torch.from_numpy(splits.test.images).flatten(1)).values()
    dense = sum(layer.dense for layer in layers)
    effective = sum(float(layer.effective.mean()) for layer in layers)
    weights = sum(parameter.numel() for parameter in ann.parameters())
    proxies = nd.ann_equivalent(dense, effective, weights, nd.load_devices())
    numbers = {"macs_per_sample": dense, "effective_macs_per_sample": effective}
    for name in DEVICES:
        numbers[f"uj_{name}"] = 1e6 * proxies[name].dense_j
        numbers[f"uj_skipping_{name}"] = 1e6 * proxies[name].effective_j
    return numbers


@torch.no_grad()
def accuracy(ann: torch.nn.Module, splits: Splits, part: str) -> float:
    """Of the ANN, on one part."""
    digits = getattr(splits, part)
    answers = ann(torch.from_numpy(digits.images).flatten(1))
    return float((answers.argmax(1) == torch.from_numpy(digits.labels)).float().mean())


def trained(task: nd.ImageTask, splits: Splits) -> nd.HybridModel:
    """The spiking model of a seed, trained once."""
    return nd.train_task(task, splits, RESULTS / "energy" / "SNN" / str(task.training.seed))


def snn_of(task: nd.ImageTask) -> Run:
    """Train, export, run on the native engine, count."""

    def run(folder: Path) -> Mapping[str, float]:
        splits = task.splits()
        return counted(task, splits, trained(task, splits), folder)

    return run


def compressed_of(task: nd.ImageTask, **how: float) -> Run:
    """The same, from the trained model made smaller and trained on."""

    def run(folder: Path) -> Mapping[str, float]:
        splits = task.splits()
        smaller = nd.compress(trained(task, splits), **how)  # type: ignore[arg-type]
        training = dataclasses.replace(FINE_TUNING, seed=task.training.seed)
        tuning = dataclasses.replace(task, training=training)
        return counted(task, splits, nd.train_task(tuning, splits, folder, model=smaller), folder)

    return run


def counted(
    task: nd.ImageTask, splits: Splits, model: nd.HybridModel, folder: Path
) -> Mapping[str, float]:
    """Accuracy, operations and proxies of the exported model on the test digits."""
    bundle = task.bundle(model)
    nd.save_bundle(bundle, folder / "bundle")
    labels = torch.from_numpy(splits.test.labels)
    spikes = nd.input_spikes(task, splits.test.images, seed=1)
    run = nd.simulate(bundle.network, spikes)
    answers = nd.decode(bundle, torch.from_numpy(run.spikes))["label"]
    layers = run.counts.totals()["layers"]
    numbers = {
        "accuracy_deployed": float((answers.argmax(1) == labels).float().mean()),
        "spikes_per_neuron_step": float(run.spikes.mean()),
        "synops_per_sample": sum(layer["synops"] for layer in layers) / len(labels),
        "effective_synops_per_sample": sum(layer["effective_synops"] for layer in layers)
        / len(labels),
        "neuron_updates_per_sample": sum(layer["neuron_updates"] for layer in layers) / len(labels),
    }
    proxies = nd.cost_report(bundle, spikes, run, devices=nd.load_devices())["proxies"]
    for name in DEVICES:
        numbers[f"uj_{name}"] = 1e6 * proxies[name]["total"]
        numbers[f"uj_skipping_{name}"] = 1e6 * proxies[name]["zero_skipping"]["total"]
    return numbers


def units(seeds: int) -> Iterator[Unit]:
    """All runs, seed by seed; a seed's compressed models follow the model that they come from."""
    for seed in range(seeds):
        task = TASK.trained_with(seed=seed)
        runs = {
            "ANN": ann_of(task),
            "SNN": snn_of(task),
            **{name: compressed_of(task, **how) for name, how in COMPRESSED.items()},
        }
        for variant, run in runs.items():
            yield Unit(table="energy", variant=variant, seed=seed, run=run)


def main() -> None:
    """Run all units, in one process: some go on from the model of another one."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--seeds", type=int, default=3)
    run_script(units(parser.parse_args().seeds))


if __name__ == "__main__":
    main()
