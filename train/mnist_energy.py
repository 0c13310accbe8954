"""Images with few spikes beside ANNs, at equal accuracy: energy proxies of chip and host.

Usage: python train/mnist_energy.py [--seeds 3]                      500 digits, no table in docs
       python train/mnist_energy.py --data-dir FOLDER [--seeds 3]    IDX files: Fashion-MNIST

With FOLDER the test part is the official one of 10,000 images, and the table is energy-FOLDER.

The ANN of the same layers, ANNs of fewer units, fewer weights and fewer bits, and the spiking model
learn from the same images for as many epochs, with Adam and a cosine schedule. The spiking model is
also made with fewer steps, with a smaller decoder, and of one narrow layer; and pruned, given fewer
weight bits, and trained on. What is measured is what is exported, and every decoder and ANN
multiplies integers of 8 bits at most, as it is priced. Energies are proxies: operations counted in
the run, at published figures of one device class, with the decoder; once with every product, once
without those by 0, on both sides. The weights that an ANN lost cost it no index, which favours it.

Every run is kept in runs/results once it is finished; start the script again to go on. `python
train/results.py` makes the tables, and says which ANN reaches the accuracy of a spiking model.
"""

import dataclasses
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import torch
from rich.progress import Progress

import neurodeploy as nd
from neurodeploy.experiments import Run, Unit, run_script, run_small_ann, script_parser
from neurodeploy.signals import Splits

DEVICES = ("cmos45_integer", "sram45_integer")

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
FEW_STEPS = nd.LatencyEncoding(steps=4, threshold=0.3)

COMPRESSED: dict[str, dict[str, float]] = {
    "pruned 70 %": {"pruned": 0.7},
    "pruned 90 %": {"pruned": 0.9},
    "4-bit weights": {"bits": 4},
    "pruned 70 %, 4-bit weights": {"pruned": 0.7, "bits": 4},
}

NARROW = (64, 32, 16)
"""Spiking neurons of networks that have one layer, the readout."""

WIDTHS = (256, 128, 64, 32, 16)
SMALLER = ((0.0, 8), (0.7, 8), (0.9, 8), (0.7, 4))
"""Of an ANN with one hidden layer: its units; the share of weights that goes, and bits."""


def task_of(data_dir: Path | None) -> nd.ImageTask:
    """MNIST, or the images of a folder with their official test part, as they are."""
    if data_dir is None:
        return TASK
    fields = {
        field.name: getattr(TASK, field.name)
        for field in dataclasses.fields(nd.ImageTask)
        if field.init
    }
    fields |= {"dataset": "idx-images", "train": 20_000, "validation": 5_000, "test": None}
    fields |= {"shift_px": 0, "distortion": nd.Distortion(), "data_dir": data_dir}
    fields["training"] = dataclasses.replace(TASK.training, epochs=15, patience_epochs=15)
    return nd.IdxTask(**fields)


def priced(weight_bits: int) -> Callable[[int, float, int], Mapping[str, float]]:
    """Proxies of an ANN, in microjoules, by device."""

    def price(dense: int, effective: float, weights: int) -> Mapping[str, float]:
        devices = nd.load_devices()
        proxies = nd.ann_equivalent(dense, effective, weights, devices, weight_bits=weight_bits)
        numbers = {}
        for name in DEVICES:
            numbers[f"uj_{name}"] = 1e6 * proxies[name].dense_j
            numbers[f"uj_skipping_{name}"] = 1e6 * proxies[name].effective_j
        return numbers

    return price


def trained(task: nd.ImageTask, splits: Splits, folder: Path) -> nd.HybridModel:
    """The spiking model of a variant and seed, trained once."""
    return nd.train_task(
        task, splits, folder / "model" / str(task.training.seed), Progress(disable=True)
    )


def snn_of(task: nd.ImageTask) -> Run:
    """Train, export, run on the native engine, count."""

    def run(folder: Path) -> Mapping[str, float]:
        splits = task.splits()
        return counted(task, splits, trained(task, splits, folder.parent), folder)

    return run


def compressed_of(task: nd.ImageTask, how: Mapping[str, float], variant: str = "SNN") -> Run:
    """The same, from the trained model of a variant, made smaller and trained on."""

    def run(folder: Path) -> Mapping[str, float]:
        splits = task.splits()
        base = trained(task, splits, folder.parent.parent / variant)
        smaller = nd.compress(base, **how)  # type: ignore[arg-type]
        training = dataclasses.replace(FINE_TUNING, seed=task.training.seed)
        tuning = dataclasses.replace(task, training=training)
        return counted(
            task,
            splits,
            nd.train_task(tuning, splits, folder, Progress(disable=True), model=smaller),
            folder,
        )

    return run


def in_8_bits(trained: nd.Decoder) -> nd.Decoder:
    """The decoder that multiplies integers, as it is priced."""
    decoder = nd.Decoder(dataclasses.replace(trained.config, bits=8))
    decoder.load_state_dict(trained.state_dict())
    return decoder.eval().requires_grad_(False)


def counted(
    task: nd.ImageTask, splits: Splits, model: nd.HybridModel, folder: Path
) -> Mapping[str, float]:
    """Accuracy, operations and proxies of the exported model on the test images."""
    bundle = dataclasses.replace(task.bundle(model), decoder=in_8_bits(model.decoder))
    nd.save_bundle(bundle, folder / "bundle")
    labels = torch.from_numpy(splits.test.labels)
    spikes = nd.input_spikes(task, splits.test.images, seed=1)
    run = nd.simulate(bundle.network, spikes)
    answers = nd.decode(bundle, torch.from_numpy(run.spikes))["label"]
    layers = run.counts.totals()["layers"]
    report = nd.cost_report(bundle, spikes, run, devices=nd.load_devices())
    numbers = {
        "accuracy_deployed": float((answers.argmax(1) == labels).float().mean()),
        "test_samples": len(labels),
        "spikes_per_neuron_step": float(run.spikes.mean()),
        "synops_per_sample": sum(layer["synops"] for layer in layers) / len(labels),
        "effective_synops_per_sample": sum(layer["effective_synops"] for layer in layers)
        / len(labels),
        "neuron_updates_per_sample": sum(layer["neuron_updates"] for layer in layers) / len(labels),
        "decoder_bytes": report["host"]["footprint_bytes"],
    }
    for name in DEVICES:
        proxy = report["proxies"][name]
        numbers[f"uj_{name}"] = 1e6 * proxy["total"]
        numbers[f"uj_chip_{name}"] = 1e6 * proxy["chip"]
        numbers[f"uj_host_{name}"] = 1e6 * proxy["host"]
        numbers[f"uj_skipping_{name}"] = 1e6 * proxy["zero_skipping"]["total"]
    return numbers


def units(task: nd.ImageTask, table: str, seeds: int) -> Iterator[Unit]:
    """All runs, seed by seed; a seed's compressed models follow the model that they come from."""
    for seed in range(seeds):
        of = task.trained_with(seed=seed)
        few = dataclasses.replace(of, encoding=FEW_STEPS)
        equal = (*of.widths, of.readout)
        runs = {
            "ANN": run_small_ann(of, priced(8), hidden=equal),
            "SNN": snn_of(of),
            "SNN, counts": snn_of(dataclasses.replace(of, decoder="counts")),
            "SNN, 4 steps": snn_of(few),
            "SNN, 4 steps, counts": snn_of(dataclasses.replace(few, decoder="counts")),
            **{name: compressed_of(of, how) for name, how in COMPRESSED.items()},
        }
        for width in NARROW:
            narrow = dataclasses.replace(of, hidden=(), readout=width)
            runs[f"SNN {width}"] = snn_of(narrow)
            for share in (0.7, 0.9):
                name = f"SNN {width}, {100 * share:.0f} % pruned"
                runs[name] = compressed_of(narrow, {"pruned": share}, f"SNN {width}")
        for width in WIDTHS:
            for share, bits in SMALLER:
                name = f"ANN {width}, {100 * share:.0f} % pruned, {bits} bits"
                runs[name] = run_small_ann(
                    of, priced(bits), hidden=(width,), pruned=share, bits=bits
                )
        for variant, run in runs.items():
            yield Unit(table=table, variant=variant, seed=seed, run=run)


def main() -> None:
    """Run the units."""
    parser = script_parser(seeds=3)
    parser.add_argument("--data-dir", type=Path, help="folder of IDX files, with a test part")
    given = parser.parse_args()
    if given.workers != 1 or given.cluster:
        parser.error("some runs go on from the model of another one: they need one process")
    folder = given.data_dir
    table = "energy" if folder is None else f"energy-{folder.name.replace('_', '-')}"
    run_script(units(task_of(folder), table, given.seeds), given)


if __name__ == "__main__":
    main()
