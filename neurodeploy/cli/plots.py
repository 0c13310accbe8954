"""Pictures of a run, as files, in one style."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import matplotlib
import matplotlib.style
import numpy as np
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from neurodeploy._io.files import atomic_path

matplotlib.use("Agg")
matplotlib.style.use(Path(__file__).with_name("pictures.mplstyle"))

INK, ACCENT, QUIET = "#1f2933", "#c2410c", "#94a3b8"


@dataclass(frozen=True, kw_only=True)
class ReportTable:
    """A table of the report: title, column heads, rows of text and a caption."""

    title: str
    heads: Sequence[str]
    rows: Sequence[Sequence[str]]
    caption: str = ""


def raster(layers: Mapping[str, np.ndarray], title: str) -> Figure:
    """Spike raster of one sample, a panel for each layer {name: [neuron, time]}.

    The first neuron is on top, so that pixels, row by row, stand as in their image.
    """
    figure = Figure(figsize=(9, 2.2 * len(layers)), layout="constrained")
    axes = figure.subplots(len(layers), 1, sharex=True, squeeze=False)[:, 0]
    for axis, (name, spikes) in zip(axes, layers.items(), strict=True):
        neuron, step = np.nonzero(spikes)
        axis.scatter(step + 1, neuron, s=3, color=INK, marker="|", linewidths=0.8)
        axis.set(ylabel=name, ylim=(len(spikes), -1), xlim=(0.5, spikes.shape[1] + 0.5))
        axis.grid(visible=False)
    axes[0].set_title(title, loc="left")
    axes[-1].set_xlabel("time step")
    return figure


def pairs(originals: np.ndarray, reconstructions: np.ndarray, captions: Sequence[str]) -> Figure:
    """Originals above reconstructions, both [sample, height, width] in [0, 1]."""
    figure = Figure(figsize=(0.9 * len(originals), 2.3), layout="constrained")
    axes = figure.subplots(2, len(originals), squeeze=False)
    for column, (above, below, caption) in enumerate(
        zip(originals, reconstructions, captions, strict=True)
    ):
        for axis, image in zip(axes[:, column], (above, below), strict=True):
            axis.imshow(image, cmap="gray_r", vmin=0, vmax=1)
            axis.set(xticks=[], yticks=[])
            axis.spines[:].set_color(QUIET)
        axes[1, column].set_xlabel(caption, fontsize=8)
    axes[0, 0].set_ylabel("original", fontsize=8)
    axes[1, 0].set_ylabel("from spikes", fontsize=8)
    return figure


def curves(
    steps: np.ndarray,
    series: Mapping[str, np.ndarray],
    ylabel: str,
    bands: Mapping[str, tuple[np.ndarray, np.ndarray]],
) -> Figure:
    """Lines over time steps in percent, {label: [step]}, and the interval of each."""
    figure = Figure(figsize=(6.5, 3.4), layout="constrained")
    axis = figure.subplots()
    lines = ("-", "--", ":")
    for (label, values), color, line in zip(
        series.items(), (ACCENT, INK, QUIET), lines, strict=False
    ):
        axis.fill_between(steps, *bands[label], color=color, alpha=0.18, linewidth=0)
        text = f"{label}, {values[-1]:.1f} at the end"
        axis.plot(steps, values, color=color, linestyle=line, label=text)
    axis.set(xlabel="time steps seen", ylabel=ylabel, xlim=(steps[0], steps[-1]), ylim=(0, 100))
    axis.legend(loc="lower right")
    return figure


def bill(rows: Mapping[str, Mapping[str, float]], device: str) -> Figure:
    """Microjoules of a sample as stacked bars, {who: {part: microjoules}}."""
    figure = Figure(figsize=(7.5, 0.9 + 0.55 * len(rows)), layout="constrained")
    axis = figure.subplots()
    parts = list(dict.fromkeys(part for each in rows.values() for part in each))
    colors = dict(zip(parts, (INK, QUIET, ACCENT, "#1f5f8b"), strict=False))
    for place, each in enumerate(rows.values()):
        left = 0.0
        for part, value in each.items():
            axis.barh(place, value, left=left, color=colors[part], height=0.6)
            left += value
        axis.text(left, place, f" {left:,.4g}", va="center")
    axis.set(yticks=range(len(rows)), yticklabels=[*rows], xlabel=f"microjoules a sample, {device}")
    axis.invert_yaxis()
    axis.margins(x=0.12)
    axis.legend(
        handles=[Patch(color=colors[part], label=part) for part in parts],
        loc="lower right",
    )
    return figure


def save_pictures(folder: Path, pictures: Mapping[str, Figure]) -> None:
    """Write a PNG for each picture, {name: figure}; each is whole or not there."""
    for name, figure in pictures.items():
        with atomic_path(folder / f"{name}.png") as draft:
            figure.savefig(draft, dpi=130, format="png")
