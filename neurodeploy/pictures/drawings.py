"""What is drawn: spikes, images, curves, a bill, a front, the cores of a chip."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.collections import PathCollection
from matplotlib.figure import Figure
from matplotlib.patches import Patch, Rectangle
from matplotlib.ticker import LogLocator, MaxNLocator, NullFormatter

from neurodeploy.pictures.style import ACCENT, COLORS, INK, LINE, QUIET, axes_of, in_style


@in_style
def raster(spikes: np.ndarray, name: str, ax: Axes | None = None) -> Axes:
    """Spikes [neuron, time] of one sample; the first neuron is on top, the first step is 1.

    So pixels, row by row, stand as in their image. Graded spikes are coloured by their value.
    """
    axis = axes_of(ax, 9, 3.2)
    neurons, steps = spikes.shape
    neuron, step = np.nonzero(spikes)
    values = spikes[neuron, step]
    size = np.clip(200 / neurons, 3, 12) ** 2
    marks: dict[str, Any] = {"s": size, "marker": "|", "linewidths": 1}
    if (values == 1).all():
        axis.scatter(step + 1, neuron, color=INK, **marks)
    else:
        most = np.abs(values).max()
        shown = axis.scatter(
            *(step + 1, neuron), c=values, cmap="coolwarm", vmin=-most, vmax=most, **marks
        )
        axis.figure.colorbar(shown, ax=axis, label="value of the spike")
    axis.set(xlabel="time step", ylabel=name)
    axis.set(xlim=(0.5, steps + 0.5), ylim=(neurons - 0.5, -0.5))
    axis.yaxis.set_major_locator(MaxNLocator("auto", integer=True))
    axis.xaxis.set_major_locator(MaxNLocator("auto", integer=True))
    axis.grid(visible=False)
    return axis


@in_style
def rasters(layers: Mapping[str, np.ndarray], title: str) -> Figure:
    """Spike raster of one sample, a panel for each layer {name: [neuron, time]}."""
    figure = Figure(figsize=(9, 2.2 * len(layers)), layout="constrained")
    axes = figure.subplots(len(layers), 1, sharex=True, squeeze=False)[:, 0]
    for axis, (name, spikes) in zip(axes, layers.items(), strict=True):
        raster(spikes, name, axis).label_outer()
    axes[0].set_title(title)
    return figure


@in_style
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


@in_style
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


@in_style
def bill(rows: Mapping[str, Mapping[str, float]], device: str, ax: Axes | None = None) -> Axes:
    """Microjoules of a sample as stacked bars with their sums, {who: {part: microjoules}}."""
    axis = axes_of(ax, 7.5, 1.4 + 0.55 * len(rows))
    parts = list(dict.fromkeys(part for each in rows.values() for part in each))
    colors = dict(zip(parts, COLORS, strict=False))
    for place, each in enumerate(rows.values()):
        left = 0.0
        for part, value in each.items():
            axis.barh(place, value, left=left, color=colors[part], height=0.6)
            left += value
        axis.text(left, place, f" {left:,.4g}", va="center")
    axis.set(yticks=range(len(rows)), yticklabels=[*rows], xlabel=f"microjoules a sample, {device}")
    axis.invert_yaxis()
    axis.margins(x=0.12)
    axis.grid(visible=False)
    handles = [Patch(color=colors[part], label=part) for part in parts]
    axis.legend(handles=handles, loc="lower left", bbox_to_anchor=(0, 1), ncols=len(parts))
    return axis


@dataclass(frozen=True, kw_only=True)
class Spots:
    """Points of a search, as they are drawn.

    Parameters
    ----------
    microjoules, accuracy : float array [point]
        Energy proxy of a sample; right answers in percent.
    intervals : float array [2, point]
        Lower and upper ends of the accuracies, percent.
    cores : int array [point]
    """

    microjoules: np.ndarray
    accuracy: np.ndarray
    intervals: np.ndarray
    cores: np.ndarray


@in_style
def front(
    offered: Spots, rest: Spots, others: Spots, *, energy: str, ann_uj: float | None, ax: Axes
) -> Axes:
    """Accuracy against energy on a panel without a legend: the front, numbered, and what it beats.

    Parameters
    ----------
    offered, rest, others : Spots
        The front, coloured by cores; the one point that was not compressed; all points, pale.
    energy : str
        Whose energy it is.
    ann_uj : float, optional
        What the equal ANN takes for one pass.
    ax : Axes
    """
    pale: dict[str, Any] = {"s": 9, "color": QUIET, "alpha": 0.6, "linewidths": 0}
    ax.scatter(others.microjoules, others.accuracy, label="not offered", **pale)
    sides = np.abs(offered.intervals - offered.accuracy)
    bars: dict[str, Any] = {"fmt": "none", "ecolor": QUIET, "elinewidth": 1, "zorder": 1}
    ax.errorbar(offered.microjoules, offered.accuracy, sides, **bars)
    spots: dict[str, Any] = {"s": 42, "cmap": "viridis", "edgecolors": INK, "linewidths": 0.6}
    ax.scatter(offered.microjoules, offered.accuracy, c=offered.cores, **spots)
    ring: dict[str, Any] = {"s": 130, "facecolors": "none", "edgecolors": ACCENT, "linewidths": 1.6}
    at_rest = f"at rest, cores: {rest.cores[0]}"
    ax.scatter(rest.microjoules, rest.accuracy, label=at_rest, **ring)
    for number, at in enumerate(zip(offered.microjoules, offered.accuracy, strict=True)):
        ax.annotate(str(number), at, xytext=(5, 4), textcoords="offset points", fontsize=8)
    if ann_uj is not None:
        ax.axvline(ann_uj, color=ACCENT, linestyle="--", label="equal ANN, one pass")
    ax.set(xscale="log", xlabel=f"{energy}, microjoules a sample")
    ax.set(ylabel="accuracy on samples kept aside, %, and 95 % intervals")
    low, high = ax.get_xlim()
    subs = (1, 2, 5) if high > 8 * low else (1, 1.5, 2, 3, 4, 5, 6, 8)
    ax.xaxis.set_major_locator(LogLocator(subs=subs, numticks=99))
    ax.xaxis.set_major_formatter("{x:g}")
    ax.xaxis.set_minor_formatter(NullFormatter())
    return ax


def front_legend(ax: Axes) -> tuple[list[Artist], list[str]]:
    """Handles and labels of what `front` drew, the colours of its cores first."""
    spots = (each for each in ax.collections if isinstance(each, PathCollection))
    (coloured,) = (each for each in spots if each.get_array() is not None)
    colours, cores = coloured.legend_elements(fmt="Pareto front, cores: {x:.0f}")
    handles, labels = ax.get_legend_handles_labels()
    return [*colours, *handles], [*cores, *labels]


@in_style
def cores(
    mesh: tuple[int, int],
    used: Sequence[tuple[int, int, str, float]],
    layers: Sequence[str],
    title: str,
    ax: Axes | None = None,
) -> Axes:
    """Cores where a chip's mesh has them, filled as far as their tightest limit is.

    Parameters
    ----------
    mesh : (rows, columns)
    used : sequence of (row, column, what it holds, fullness)
    layers : sequence of str
        Everything that a core may hold, as the legend lists it.
    title : str
    ax : Axes, optional
    """
    rows, columns = mesh
    axis = axes_of(ax, *_size_of(rows, columns))
    colors = dict(zip(layers, itertools.cycle(COLORS)))
    for row, column in np.ndindex(rows, columns):
        axis.add_patch(Rectangle((column, row), 0.86, 0.86, facecolor=LINE, linewidth=0))
    for row, column, held, full in used:
        height = 0.86 * min(1.0, full)
        place = (column, row + 0.86 - height)
        axis.add_patch(Rectangle(place, 0.86, height, facecolor=colors[held], linewidth=0))
    axis.set(xlim=(-0.14, columns), ylim=(rows, -0.14), aspect="equal", title=title)
    axis.set_axis_off()
    handles = [Patch(color=color, label=name) for name, color in colors.items()]
    axis.legend(handles=handles, loc="upper left", bbox_to_anchor=(1, 1))
    return axis


def _size_of(rows: int, columns: int) -> tuple[float, float]:
    """Inches of a mesh, as large as a page bears, with a legend beside it."""
    inch = min(0.4, 8 / columns, 6 / rows)
    return columns * inch + 2.2, max(1.6, rows * inch + 0.6)
