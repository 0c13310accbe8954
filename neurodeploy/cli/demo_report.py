"""What the demo prints and draws of its results."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from neurodeploy.cli.demo import Results
from neurodeploy.cli.plots import (
    Picture,
    ReportTable,
    curves,
    pairs,
    raster,
    table_figure,
    write_report,
)
from neurodeploy.cost.energy import ann_equivalent, dense_macs
from neurodeploy.hardware.devices import load_devices


def summary_tables(results: Results) -> list[ReportTable]:
    """What the demo prints, and what heads its report."""
    percent, deployed = "{:.1f} %".format, results.deployed
    differing = sum(layer.differing for layer in results.agreement.layers)
    compared = sum(layer.spikes for layer in results.agreement.layers)
    quality = ReportTable(
        title="Quality on the test set",
        heads=("", "sampled spikes", "temperature 0", f"deployed on {results.engine}"),
        rows=[
            (
                "class accuracy",
                percent(100 * results.sampled.accuracy),
                percent(100 * results.zero_temperature.accuracy),
                percent(100 * results.accuracy_by_step[-1]),
            ),
            (
                "log-loss (nats per sample)",
                f"{results.sampled.log_loss:.2f}",
                f"{results.zero_temperature.log_loss:.2f}",
                f"{results.log_loss:.2f}",
            ),
            (
                "spikes per readout neuron and step",
                f"{results.sampled.firing_rate:.4f}",
                f"{results.zero_temperature.firing_rate:.4f}",
                f"{deployed.activity[-1].mean():.4f}",
            ),
        ],
        caption=(
            f"The gap of the readout: spikes sampled at the last training temperature, at "
            f"temperature zero, and from the exported integers. Training forward against "
            f"{results.engine}: {differing} differing spikes of {compared}, all layers. "
            f"{100 * results.zero_temperature.silent:.0f} % of the readout neurons never spike."
        ),
    )
    images = ReportTable(
        title="Reconstructions, read by a LeNet that never saw a spike",
        heads=("", "value"),
        rows=[
            ("LeNet on the original test digits", percent(100 * results.oracle_originals)),
            ("LeNet on the deployed reconstructions", percent(100 * results.oracle_by_step[-1])),
            ("mean squared error of a pixel", f"{results.squared_error:.4f}"),
        ],
    )
    return [quality, images, activity_table(results), cost_table(results)]


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
    """Energy proxies of a sample, beside the equal ANN."""
    devices, counts = load_devices(), results.deployed.counts
    host_macs, macs = results.bundle.decoder.macs, dense_macs(results.bundle.network)
    causes = ("synapses", "neurons", "host")
    bills = {
        name: [proxy.causes[cause] / counts.samples for cause in causes]
        for name, proxy in results.proxies.items()
    }
    for name, ann in ann_equivalent(macs, counts.steps, devices).items():
        per_mac = ann.one_pass_j / macs
        bills[f"equal ANN, one pass: {name}"] = [ann.one_pass_j, 0.0, per_mac * host_macs]
    rows = [
        (name, *(_microjoules(joule) for joule in (*bill, sum(bill))))
        for name, bill in bills.items()
    ]
    return ReportTable(
        title="Energy proxy in microjoules per sample",
        heads=("device", "synapses", "neurons", "host decoder", "sum"),
        rows=rows,
        caption=(
            "A proxy, not a measurement: operations counted in this run times published energies "
            "per operation. neurodeploy/hardware/devices.toml says what each device is, and the "
            "source and basis of each figure. Static power and input/output are left out."
        ),
    )


def _microjoules(joule: float) -> str:
    value = 1e6 * joule
    return f"{value:,.2f}" if value >= 1 or value == 0 else f"{value:.2g}"


def write_demo_report(results: Results, folder: Path) -> Path:
    """The HTML page and the PNGs of a demo; returns the page's path."""
    test, deployed = results.splits.test, results.deployed
    steps = np.arange(1, deployed.counts.steps + 1)
    shown = [int(np.flatnonzero(test.labels == label)[0]) for label in range(test.classes)]
    shape = test.images.shape[1:]
    names = ("input", *results.bundle.network.names)
    cost = cost_table(results)
    pictures = [
        Picture(
            name="reconstructions",
            title="Originals above, reconstructions from streamed spikes below",
            caption="The first test digit of each class, and the class that the second head reads.",
            figure=pairs(
                test.images[shown],
                deployed.images[-1, shown].reshape(-1, *shape),
                [f"read as {label}" for label in deployed.labels[-1, shown]],
            ),
        ),
        Picture(
            name="raster",
            title="Spikes of one test digit",
            caption=f"A {test.labels[shown[3]]}, as {results.engine} ran it.",
            figure=raster(
                {n: a[shown[3]] for n, a in zip(names, deployed.activity, strict=True)},
                f"digit {test.labels[shown[3]]}",
            ),
        ),
        Picture(
            name="anytime",
            title="How good the answer is after each step",
            caption="The decoder answers at every step; the steps still to come are silent.",
            figure=curves(
                steps,
                {
                    "class head": 100 * results.accuracy_by_step,
                    "LeNet on reconstructions": 100 * results.oracle_by_step,
                },
                "accuracy in %",
            ),
        ),
        Picture(
            name="cost",
            title="Energy proxy as a picture",
            caption=cost.caption,
            figure=table_figure(cost),
        ),
    ]
    return write_report(
        folder,
        title=f"neurodeploy demo: {results.task.dataset}",
        lead=(
            f"{len(test)} test images, encoded to spikes, run by {results.engine} on the exported "
            f"integer network, and streamed into the host decoder step by step."
        ),
        tables=summary_tables(results),
        pictures=pictures,
    )
