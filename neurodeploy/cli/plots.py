"""Pictures and one HTML page of a run."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jinja2
import matplotlib
import numpy as np
from matplotlib.figure import Figure

from neurodeploy._io.files import atomic_path

matplotlib.use("Agg")

INK, ACCENT, QUIET = "#1f2933", "#c2410c", "#94a3b8"


@dataclass(frozen=True, kw_only=True)
class Picture:
    """A figure of the report, its file name (without suffix), title and one-line caption."""

    name: str
    title: str
    caption: str
    figure: Figure


@dataclass(frozen=True, kw_only=True)
class ReportTable:
    """A table of the report: title, column heads, rows of text and a caption."""

    title: str
    heads: Sequence[str]
    rows: Sequence[Sequence[str]]
    caption: str = ""


def raster(layers: Mapping[str, np.ndarray], title: str) -> Figure:
    """Spike raster of one sample, a panel for each layer {name: [neuron, time]}."""
    figure = Figure(figsize=(9, 2.2 * len(layers)), layout="constrained")
    axes = figure.subplots(len(layers), 1, sharex=True, squeeze=False)[:, 0]
    for axis, (name, spikes) in zip(axes, layers.items(), strict=True):
        neuron, step = np.nonzero(spikes)
        axis.scatter(step, neuron, s=3, color=INK, marker="|", linewidths=0.8)
        axis.set(ylabel=name, ylim=(-1, len(spikes)), xlim=(-0.5, spikes.shape[1] - 0.5))
        axis.spines[["top", "right"]].set_visible(False)
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


def curves(steps: np.ndarray, series: Mapping[str, np.ndarray], ylabel: str) -> Figure:
    """Lines over time steps, {label: [step]}."""
    figure = Figure(figsize=(6.5, 3.4), layout="constrained")
    axis = figure.subplots()
    for (label, values), color in zip(series.items(), (INK, ACCENT, QUIET), strict=False):
        axis.plot(steps, values, color=color, label=f"{label}, {values[-1]:.1f} at the end")
    axis.set(xlabel="time steps seen", ylabel=ylabel, xlim=(steps[0], steps[-1]))
    axis.spines[["top", "right"]].set_visible(False)
    axis.grid(axis="y", color="#e5e7eb")
    axis.legend(frameon=False)
    return figure


def table_figure(table: ReportTable) -> Figure:
    """A table as a picture."""
    figure = Figure(figsize=(7.5, 0.5 + 0.28 * (len(table.rows) + 1)), layout="constrained")
    axis = figure.subplots()
    axis.axis("off")
    axis.set_title(table.title, loc="left")
    drawn = axis.table(
        cellText=[list(row) for row in table.rows],
        colLabels=list(table.heads),
        loc="center",
        cellLoc="right",
    )
    drawn.auto_set_font_size(False)
    drawn.set_fontsize(9)
    drawn.scale(1, 1.35)
    drawn.auto_set_column_width(range(len(table.heads)))
    for (row, column), cell in drawn.get_celld().items():
        cell.set_edgecolor("#e5e7eb")
        if row == 0:
            cell.set_text_props(weight="bold")
        if column == 0:
            cell.set_text_props(ha="left")
    return figure


PAGE = jinja2.Environment(autoescape=True).from_string(
    """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>{{ title }}</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<style>
 body { font: 16px/1.5 system-ui, sans-serif; color: #1f2933; max-width: 60rem;
        margin: 2rem auto; padding: 0 1rem; }
 h1 { font-size: 1.6rem; } h2 { font-size: 1.15rem; margin-top: 2.2rem; }
 img { max-width: 100%; } .wide { overflow-x: auto; }
 table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
 th, td { padding: .3rem .8rem; border-bottom: 1px solid #e5e7eb; text-align: right; }
 th:first-child, td:first-child { text-align: left; }
 .note { color: #52606d; font-size: .9rem; }
</style></head><body>
<h1>{{ title }}</h1><p>{{ lead }}</p>
{% for table in tables %}<h2>{{ table.title }}</h2><div class="wide"><table>
<tr>{% for head in table.heads %}<th>{{ head }}</th>{% endfor %}</tr>
{% for row in table.rows %}<tr>{% for cell in row %}<td>{{ cell }}</td>{% endfor %}</tr>
{% endfor %}</table></div><p class="note">{{ table.caption }}</p>{% endfor %}
{% for picture in pictures %}<h2>{{ picture.title }}</h2>
<img alt="{{ picture.title }}" src="data:image/png;base64,{{ picture.data }}">
<p class="note">{{ picture.caption }}</p>{% endfor %}
</body></html>
"""
)


def write_report(
    folder: Path,
    *,
    title: str,
    lead: str,
    tables: Sequence[ReportTable],
    pictures: Sequence[Picture],
) -> Path:
    """Write ``report.html``, which stands alone, and a PNG for each picture beside it.

    Parameters
    ----------
    folder : path
        Where they go; each file is whole or not there.
    title, lead : str
        Head of the page and its first paragraph.
    tables, pictures
        In the order in which they are shown, tables first.

    Returns
    -------
    path
        Of the page.
    """
    shown: list[dict[str, Any]] = []
    for picture in pictures:
        path = folder / f"{picture.name}.png"
        with atomic_path(path) as draft:
            picture.figure.savefig(draft, dpi=130, format="png")
        shown.append(
            {
                "title": picture.title,
                "caption": picture.caption,
                "data": base64.b64encode(path.read_bytes()).decode("ascii"),
            }
        )
    page = folder / "report.html"
    with atomic_path(page) as draft:
        draft.write_text(PAGE.render(title=title, lead=lead, tables=tables, pictures=shown))
    return page
