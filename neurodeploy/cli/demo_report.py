"""What the demo prints and draws of its results."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from neurodeploy.cli.demo_kept import by_feature
from neurodeploy.cli.demo_results import Results
from neurodeploy.cli.tables import ReportTable
from neurodeploy.cost.verdict import microjoules, traffic_microjoules
from neurodeploy.deploy.manifest import NETWORK_FILE, sha256
from neurodeploy.experiments.measure import TEST_SEED, as_squares
from neurodeploy.learn.history import read_history
from neurodeploy.pictures.drawings import curves, pairs, rasters
from neurodeploy.pictures.style import figure_of, save_pictures
from neurodeploy.report.extra import missing_package
from neurodeploy.report.gather import Choice, gather
from neurodeploy.report.intervals import wilson
from neurodeploy.report.measured import Agreement, Measured
from neurodeploy.report.page import write_report
from neurodeploy.report.pieces import Piece


def summary_tables(results: Results) -> list[ReportTable]:
    """What the demo prints, and what heads its report."""
    tables: list[ReportTable] = [
        quality_table(results),
        activity_table(results),
        cost_table(results),
    ]
    if results.images is not None:
        tables.insert(1, image_table(results.images.quality))
    return tables


def quality_table(results: Results) -> ReportTable:
    """Sampled, at temperature zero and deployed, side by side."""
    deployed, sampled = results.deployed, results.readings.sampled
    cold = results.readings.zero_temperature
    differing = sum(layer.differing for layer in results.agreement.layers)
    compared = sum(layer.spikes for layer in results.agreement.layers)
    rows: list[tuple[str, ...]] = [
        (
            "log-loss (nats per sample)",
            f"{sampled.log_loss:.2f}",
            f"{cold.log_loss:.2f}",
            f"{results.log_loss:.2f}",
        ),
        (
            "spikes per readout neuron and step",
            f"{sampled.firing_rate:.4f}",
            f"{cold.firing_rate:.4f}",
            f"{deployed.activity[-1].mean():.4f}",
        ),
    ]
    if results.accuracy is not None:
        shares = (sampled.accuracy, cold.accuracy, results.accuracy)
        rows.insert(0, ("class accuracy", *map(_percent, shares)))
    return ReportTable(
        title="Quality on the test set",
        heads=("", "sampled spikes", "temperature 0", f"deployed on {results.engine}"),
        rows=rows,
        caption=(
            f"The gap of the readout: spikes sampled at the last training temperature, at "
            f"temperature zero, and from the exported integers. Training forward against "
            f"{results.engine}: {differing} differing spikes of {compared}, all layers. "
            f"{100 * cold.silent:.0f} % of the readout neurons never spike."
        ),
    )


def image_table(quality: Mapping[str, float]) -> ReportTable:
    """How a classifier of images reads the reconstructions."""
    return ReportTable(
        title="Reconstructions, read by a LeNet that never saw a spike",
        heads=("", "value"),
        rows=[
            ("LeNet on the original test images", _percent(quality["oracle_originals"])),
            ("LeNet on the deployed reconstructions", _percent(quality["oracle_deployed"])),
            ("mean squared error of a pixel", f"{quality['pixel_mse']:.4f}"),
        ],
    )


def _percent(share: float) -> str:
    return f"{100 * share:.1f} %"


def activity_table(results: Results) -> ReportTable:
    """Spikes and operations of each layer, mean of a sample."""
    counts = results.deployed.counts
    return ReportTable(
        title="What one sample does, on average",
        heads=("layer", "spikes in", "spikes out", "synaptic operations", "neuron updates"),
        rows=[
            (
                layer.name,
                *(
                    f"{values.mean():,.0f}"
                    for values in (
                        layer.input_spikes,
                        layer.output_spikes,
                        layer.synops,
                        layer.neuron_updates,
                    )
                ),
            )
            for layer in counts.layers
        ],
        caption=f"{counts.samples} samples of {counts.steps} time steps, counted as they ran.",
    )


def cost_table(results: Results) -> ReportTable:
    """Energy proxies of a sample, beside the equal ANN with a decoder of its own."""
    proxies = results.costs["proxies"]
    rows = [
        (
            name,
            microjoules(proxy["chip"]),
            traffic_microjoules(proxy),
            *(microjoules(proxy[part]) for part in ("host", "total")),
            microjoules(proxy["ann"]["dense_j"]),
            microjoules(proxy["zero_skipping"]["total"]),
            microjoules(proxy["ann"]["effective_j"]),
        )
        for name, proxy in proxies.items()
    ]
    heads = ("device", "chip", "traffic", "host decoder", "sum", "ANN", "sum *", "ANN *")
    return ReportTable(
        title="Energy proxy in microjoules per sample",
        heads=heads,
        rows=rows,
        caption=" ".join(
            [
                *(proxy["verdict"] for proxy in proxies.values()),
                *_in_eight_bits(results),
                "A proxy, not a measurement: operations counted in this run times published "
                "energies per operation. neurodeploy/hardware/devices.toml says what each device "
                "is, and the source and basis of each figure. Static power and input/output are "
                "left out. The equal ANN has the same layers and a decoder of its own. * Products "
                "by 0 are skipped; the ANN's zeros are what never spiked in a sample.",
            ]
        ),
    )


def _in_eight_bits(results: Results) -> Iterator[str]:
    accuracy = results.accuracy_in_eight_bits
    if accuracy is not None:
        yield f"With 8-bit integers in the decoder, {_percent(accuracy)} of the classes are right."


def write_demo_report(results: Results, folder: Path, command: str) -> Path | None:
    """The PNGs of a demo and its page; returns the page's path, or None without the extra of it."""
    save_pictures(folder, dict(_pictures(results)))
    if missing_package() is not None:
        return None
    run = measured(results, folder, command)
    return write_report(folder / "report.html", [run])


def measured(results: Results, folder: Path, command: str) -> Measured:
    """What the page says of a demo, of what it has run and compared already."""
    deployed = results.deployed
    piece = Piece(
        activity=tuple(by_feature(results.bundle, deployed.activity)),
        targets=results.targets,
        answers=deployed.answers,
    )
    return gather(
        results.bundle,
        results.task,
        results.splits,
        [piece],
        name=folder.absolute().name,
        commands=[command],
        choice=Choice(engine=results.engine, seed=TEST_SEED),
        network_sha256=sha256(folder / "bundle" / NETWORK_FILE),
        history=read_history(folder / "train"),
        agreement=Agreement(samples=len(piece), note="", result=results.agreement),
    )


def _pictures(results: Results) -> Iterator[tuple[str, Figure]]:
    yield from _reconstructions(results)
    yield "raster", _raster(results)
    yield from _anytime(results)
    yield "cost", _bill(results)


def _bill(results: Results) -> Figure:
    """The bill on the first device, beside the equal ANN."""
    figure, axes = figure_of(7.5, 3.6)
    results.costs.plot(ax=axes[0])
    return figure


def _shown(results: Results) -> np.ndarray:
    """The first test sample of each class, or the first ones where there is none."""
    labels = results.targets.get("label", np.zeros(0))
    if labels.ndim != 1 or not len(labels):
        return np.arange(min(4, results.deployed.counts.samples))
    return np.unique(labels, return_index=True)[1]


def _reconstructions(results: Results) -> Iterator[tuple[str, Figure]]:
    if results.images is None:
        return
    shown, deployed = _shown(results), results.deployed
    read_as = deployed.answers["label"][shown, -1].argmax(-1)
    figure = pairs(
        as_squares(results.targets["image"][shown]),
        as_squares(deployed.images()[shown]),
        [f"read as {label}" for label in read_as],
    )
    yield "reconstructions", figure


def _raster(results: Results) -> Figure:
    shown = _shown(results)
    sample = shown[min(3, len(shown) - 1)]
    label = results.targets.get("label", np.zeros(0))
    what = f"class {label[sample]}" if label.ndim == 1 and len(label) else f"sample {sample}"
    names = ("input", *results.bundle.network.names)
    activity = zip(names, results.deployed.activity, strict=True)
    return rasters({name: layer[sample] for name, layer in activity}, what)


def _anytime(results: Results) -> Iterator[tuple[str, Figure]]:
    curve = results.accuracy_by_step
    if curve is None:
        return
    number = len(results.targets["label"])
    shares = {"class head": curve}
    if results.images is not None:
        shares["LeNet on reconstructions"] = results.images.by_step
    bands = {
        name: (100 * low, 100 * high)
        for name, (low, high) in ((name, wilson(each, number)) for name, each in shares.items())
    }
    series = {name: 100 * each for name, each in shares.items()}
    steps = np.arange(1, len(curve) + 1)
    yield "anytime", curves(steps, series, "right answers in %, with 95 % intervals", bands)
