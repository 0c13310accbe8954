"""Make docs/results.json, the tables of docs/results.md and its pictures from finished runs.

Usage: python train/results.py      (reads runs/results, which the other scripts fill)

What was not run here stays as docs/results.json has it.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from neurodeploy.experiments import RESULTS, Column, fill, markdown_table, write_summary
from neurodeploy.pictures.style import COLORS, figure_of, in_style, save_pictures

DOCS = Path("docs")

SAMPLED = Column(number="accuracy_sampled", head="sampled, %", scale=100)
COLD = Column(number="accuracy_zero_temperature", head="temperature 0, %", scale=100)
DEPLOYED = Column(number="accuracy_deployed", head="deployed, %", scale=100)
VALIDATION = Column(number="accuracy_validation", head="validation, %", scale=100)
SPIKES = Column(number="spikes_per_neuron_step", head="spikes per neuron and step", digits=4)
BITS = Column(number="information_bits", head="information bound, bits", digits=1)
SILENT = Column(number="silent", head="silent neurons, %", scale=100, digits=0)
LOSS = Column(number="log_loss", head="log-loss, nats", digits=2)
PIXELS = Column(number="pixel_mse", head="squared error of a pixel", digits=4)
TIME = Column(number="cpu_s", head="CPU s", digits=0)
ORACLE = Column(number="oracle_deployed", head="LeNet on deployed images, %", scale=100)
RATIO = Column(number="oracle_ratio", head="of its accuracy on originals, %", scale=100)

GAP = Column(number="gap", head="sampled less deployed, points", scale=100, digits=2)
GAP_SIZE = Column(number="gap_absolute", head="its size in a draw", scale=100, digits=2)
APART = Column(number="disagreement", head="other answers than deployed, %", scale=100, digits=2)
APART_DRAWS = Column(
    number="disagreement_draws", head="than in the next draw, %", scale=100, digits=2
)

SYNOPS = Column(number="synops_per_sample", head="synaptic operations", digits=0)
EFFECTIVE = Column(
    number="effective_synops_per_sample", head="of them with a weight other than 0", digits=0
)
INTEGER = Column(number="uj_cmos45_integer", head="45 nm integer proxy, uJ", digits=3)
INTEGER_SKIPPING = Column(
    number="uj_skipping_cmos45_integer", head="integers, zeros skipped", digits=3
)
MEMORY = Column(number="uj_sram45_integer", head="with memory, uJ", digits=3)
MEMORY_CHIP = Column(number="uj_chip_sram45_integer", head="of it chip", digits=3)
MEMORY_HOST = Column(number="uj_host_sram45_integer", head="and host", digits=3)
MEMORY_SKIPPING = Column(
    number="uj_skipping_sram45_integer", head="with memory, zeros skipped", digits=3
)

COLUMNS = {
    "timing": (DEPLOYED, SPIKES, BITS, TIME),
    "timing-nmnist": (DEPLOYED, SPIKES, BITS, TIME),
    "direction": (DEPLOYED, SPIKES, BITS, TIME),
    "held-out": (DEPLOYED, SPIKES, BITS, TIME),
    "spoken-digits": (SAMPLED, DEPLOYED, BITS, SPIKES, TIME),
    "nmnist": (SAMPLED, DEPLOYED, BITS, SPIKES, TIME),
    "fashion-mnist": (SAMPLED, DEPLOYED, BITS, SPIKES, TIME),
    "decoders": (DEPLOYED, SPIKES, BITS, TIME),
    "estimators": (SAMPLED, DEPLOYED, LOSS, SPIKES, TIME),
    "choices": (VALIDATION,),
    "temperature": (SAMPLED, COLD, DEPLOYED, SPIKES),
    "beta": (DEPLOYED, SPIKES, BITS, LOSS, SILENT),
    "beta-grey": (SAMPLED, COLD, BITS, LOSS, TIME),
    "beta-lstm": (SAMPLED, COLD, BITS, LOSS, TIME),
    "mnist": (SAMPLED, COLD, DEPLOYED, ORACLE, RATIO, PIXELS, SPIKES, SILENT, TIME),
    "mnist-rate": (DEPLOYED, ORACLE, RATIO, SPIKES, SILENT, BITS),
    "energy-fashion-mnist": (
        *(DEPLOYED, SYNOPS, EFFECTIVE, INTEGER, INTEGER_SKIPPING, MEMORY),
        *(MEMORY_CHIP, MEMORY_HOST, MEMORY_SKIPPING),
    ),
    "deployed": (SAMPLED, DEPLOYED, GAP, GAP_SIZE, APART, APART_DRAWS),
    "predictive-coding": (SAMPLED, COLD, DEPLOYED, SPIKES, TIME),
    "event-naturalization": (SAMPLED, COLD, DEPLOYED, ORACLE, RATIO, SPIKES, SILENT, TIME),
}

PRICE = "uj_skipping_sram45_integer"
"""What ANNs of equal accuracy are compared by: memory counted, zeros skipped."""

RETRACTED = (
    "estimators/score-function",
    "predictive-coding/+1 ideal, window 5",
    "beta-ann",
    "fashion-mnist/convolutions",
    "fashion-mnist/twice as wide, mirrored, 8 epochs",
)
"""``TABLE`` or ``TABLE/VARIANT`` of earlier versions that docs/results.json shall not keep."""

ENCODERS = {
    "spiking encoder": "beta",
    "ANN encoder of grey pixels": "beta-grey",
    "LSTM encoder of the same frames": "beta-lstm",
}
"""Which table a curve of the information plane is from."""

SEES_TIME = ("linear", "mlp", "conv", "recurrent")
"""Decoders that see when every spike comes."""

COUNTS = ("counts", "counts, one layer", "mlp, times shuffled")
"""Decoders that see how many come, and nothing else."""

MARKERS = "osv^D<>PXph*"
"""Of decoders, so that lines of one colour are told apart."""

BASE_ROW = {"decoders": "mlp", "estimators": "straight-through", "temperature": "0.4 to 0.05"}
"""What the base of train/compare_mnist.py is called in each of its tables."""


def with_base(name: str, summary: Mapping[str, Any]) -> dict[str, Any]:
    """The variants of a table, with the base among them where it belongs."""
    variants = dict(summary.get(name, {}))
    base = summary.get("base", {}).get("base")
    if base and name in BASE_ROW:
        variants = {BASE_ROW[name]: base, **variants}
    if base and name == "beta":
        variants["0.01"] = base
    if name == "mnist-rate" and "latency" in summary.get("mnist", {}):
        variants["prior 0.015"] = summary["mnist"]["latency"]
        variants = dict(sorted(variants.items()))
    if name.startswith("beta"):
        variants = {beta: variants[beta] for beta in sorted(variants, key=float)}
    return variants


def iso_accuracy_table(variants: Mapping[str, Any]) -> str:
    """Each spiking model beside the cheapest ANN that is right as often on average, if any is."""
    anns = {name: each["numbers"] for name, each in variants.items() if name.startswith("ANN")}
    lines = [
        "| spiking model | accuracy, % | uJ | cheapest ANN as good | accuracy, % | uJ | times |",
        "|---|---:|---:|---|---:|---:|---:|",
    ]
    for name, each in variants.items():
        numbers = each["numbers"]
        if name in anns or PRICE not in numbers:
            continue
        right = numbers["accuracy_deployed"]["mean"]
        reach = [
            (ann[PRICE]["mean"], other)
            for other, ann in anns.items()
            if PRICE in ann and ann["accuracy_deployed"]["mean"] >= right
        ]
        cells = [name, DEPLOYED.cell(numbers), f"{numbers[PRICE]['mean']:.4f}"]
        if reach:
            price, best = min(reach)
            ratio = numbers[PRICE]["mean"] / price
            cells += [best, DEPLOYED.cell(anns[best]), f"{price:.4f}", f"{ratio:.2f}"]
        else:
            cells += ["none", "", "", ""]
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


def hours_table(summary: Mapping[str, Any]) -> str:
    """What the runs of each table took, and what it was made by; and of all."""
    lines = [
        "| table | script | runs | processor hours | longest run, min |",
        "|---|---|---:|---:|---:|",
    ]
    every: list[float] = []
    for name, variants in summary.items():
        scripts = {word.split()[0] for each in variants.values() for word in each["commands"]}
        took = [value for each in variants.values() for value in each["numbers"]["cpu_s"]["values"]]
        lines.append(f"| {name} | {', '.join(sorted(scripts))} | {time_cells(took)} |")
        every += took
    return "\n".join([*lines, f"| all | | {time_cells(every)} |"])


def time_cells(took: list[float]) -> str:
    """Cells of some runs' seconds of processor."""
    return f"{len(took)} | {sum(took) / 3600:.2f} | {max(took) / 60:.1f}"


def means(variants: Mapping[Any, Any], number: str) -> list[float]:
    """Means of one number of all variants."""
    return [variant["numbers"][number]["mean"] for variant in variants.values()]


def draw_points(
    axes: Axes, x: list[float], variants: Mapping[Any, Any], number: str, **kind: Any
) -> None:
    """Shares of the test set in percent, with their intervals where they have one."""
    found = [variant["numbers"][number] for variant in variants.values()]
    y = [each["mean"] for each in found]
    reach = [
        [abs(end - mean) for end in each.get("interval", (mean, mean))]
        for each, mean in zip(found, y, strict=True)
    ]
    low, high = ([100 * each for each in side] for side in zip(*reach, strict=True))
    axes.errorbar(x, [100 * each for each in y], [low, high], capsize=2, elinewidth=1, **kind)


@in_style
def draw_information_plane(curves: Mapping[str, Mapping[str, Any]]) -> Figure:
    """Accuracy against information by the encoder, each beta a point."""
    figure, (axes,) = figure_of(7, 4)
    for color, above, (name, variants) in zip(COLORS, (-12, 7, -12), curves.items(), strict=False):
        bits, shares = (means(variants, key) for key in ("information_bits", "accuracy_sampled"))
        draw_points(axes, bits, variants, "accuracy_sampled", marker="o", color=color, label=name)
        for beta, x, y in zip(variants, bits, shares, strict=True):
            axes.annotate(
                f"β {beta}",
                (x, 100 * y),
                xytext=(0, above),
                textcoords="offset points",
                ha="center",
                size=7,
                color=color,
            )
    axes.set_xscale("log")
    axes.set_xlabel("bound on the directed information, bits a sample")
    axes.set_ylabel("test digits read right, sampled spikes, %")
    axes.legend(loc="lower right")
    return figure


@in_style
def draw_rate_curve(variants: Mapping[str, Any]) -> Figure:
    """Class and reconstruction against spikes."""
    figure, (axes,) = figure_of(6, 4)
    rates = means(variants, "spikes_per_neuron_step")
    by_rate = sorted(zip(rates, variants.items(), strict=True), key=lambda point: point[0])
    ordered = dict(variant for _, variant in by_rate)
    for color, (number, name) in zip(
        COLORS,
        (
            ("accuracy_deployed", "class, deployed"),
            ("oracle_originals", "LeNet on originals"),
            ("oracle_deployed", "LeNet on deployed reconstructions"),
        ),
        strict=False,
    ):
        draw_points(axes, sorted(rates), ordered, number, marker="o", color=color, label=name)
    axes.set_xlim(left=0)
    axes.set_ylim(top=100)
    axes.set_xlabel("spikes per readout neuron and step")
    axes.set_ylabel("test digits read right, %")
    axes.legend()
    return figure


@in_style
def draw_timing(variants: Mapping[str, Any], samples: str) -> Figure:
    """Accuracy of each decoder by the readout neurons that it reads, of samples of a kind."""
    curves: dict[str, dict[int, Any]] = {}
    for variant, each in variants.items():
        neurons, decoder = variant.split(" neurons, ")
        curves.setdefault(decoder, {})[int(neurons)] = each
    shares = {
        decoder: dict(zip(points, means(points, "accuracy_deployed"), strict=True))
        for decoder, points in curves.items()
    }
    figure, (axes,) = figure_of(8, 4.2)
    few = min(min(points) for points in curves.values())
    order = sorted(curves, key=lambda decoder: -shares[decoder].get(few, 0))
    for place, decoder in enumerate(order):
        points = curves[decoder]
        kind = {"linestyle": "-" if decoder in SEES_TIME else ":", "marker": MARKERS[place]}
        color = COLORS[place % len(COLORS)]
        draw_points(
            axes, [*points], points, "accuracy_deployed", color=color, label=decoder, **kind
        )
    ticks = sorted({neurons for points in curves.values() for neurons in points})
    timed, counted = (
        {
            at: 100 * max(shares[name][at] for name in decoders if at in shares.get(name, {}))
            for at in ticks
        }
        for decoders in (SEES_TIME, COUNTS)
    )
    at = max(ticks, key=lambda neurons: timed[neurons] - counted[neurons])
    many = "1 neuron says" if at == 1 else f"{at} neurons say"
    axes.set_title(f"{many} {timed[at]:.0f} % by timing, {counted[at]:.0f} % by counts")
    axes.set_xscale("log", base=2)
    axes.set_xticks(ticks, labels=[str(tick) for tick in ticks])
    axes.set_xlabel("readout neurons that the decoder sees")
    axes.set_ylabel(f"{samples} read right, deployed, %")
    figure.legend(title="solid: sees when spikes come", fontsize=8, loc="outside right center")
    return figure


def main() -> None:
    """Write everything that the finished runs are enough for."""
    summary = write_summary(RESULTS, DOCS / "results.json", retracted=RETRACTED)
    tables = {name: with_base(name, summary) for name in COLUMNS}
    curves = {name: tables[table] for name, table in ENCODERS.items() if tables[table]}
    pictures = {
        "information-plane": draw_information_plane(curves),
        "timing": draw_timing(tables["timing"], "spoken digits"),
        "timing-nmnist": draw_timing(tables["timing-nmnist"], "recordings of N-MNIST"),
        "rate": draw_rate_curve(tables["mnist-rate"]),
    }
    save_pictures(DOCS / "results", pictures)
    filled = {
        name: markdown_table(variants, name, COLUMNS[name])
        for name, variants in tables.items()
        if variants
    }
    fashion = tables["energy-fashion-mnist"]
    if fashion:
        filled["energy-fashion-mnist-iso"] = iso_accuracy_table(fashion)
    filled["hours"] = hours_table(summary)
    fill(DOCS / "results.md", filled)
    print(f"{len(filled)} tables, {DOCS / 'results.json'}")


if __name__ == "__main__":
    main()
