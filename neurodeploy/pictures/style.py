"""The style of all pictures, the Axes that they are drawn on, and their files."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TypeVar

import matplotlib.style
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from neurodeploy._io.files import atomic_path

INK, ACCENT, QUIET, LINE = "#1f2933", "#c2410c", "#94a3b8", "#d5dae0"

COLORS = (INK, QUIET, ACCENT, "#1f5f8b", "#7a8f3c", "#8a4f9e")
"""Of things that are told apart, in this order; then again from the first one."""

STYLE = Path(__file__).with_name("pictures.mplstyle")

Drawing = TypeVar("Drawing", bound=Callable[..., object])


def in_style(drawing: Drawing) -> Drawing:
    """Let a function draw in our style; a person's own settings are as before when it returns."""
    decorated: Drawing = matplotlib.style.context(STYLE)(drawing)
    return decorated


@in_style
def axes_of(ax: Axes | None, width: float, height: float) -> Axes:
    """A person's own Axes, or new ones of a figure of pyplot, inches."""
    if ax is not None:
        return ax
    import matplotlib.pyplot as plt

    return plt.subplots(figsize=(width, height), layout="constrained")[1]


@in_style
def figure_of(width: float, height: float, columns: int = 1) -> tuple[Figure, list[Axes]]:
    """A figure of panels side by side that nothing but its file shows, inches; and the panels."""
    figure = Figure(figsize=(width, height), layout="constrained")
    return figure, [*figure.subplots(1, columns, sharey=True, squeeze=False)[0]]


def save_pictures(folder: Path, pictures: Mapping[str, Figure]) -> None:
    """Write a PNG for each picture, {name: figure}; each is whole or not there."""
    for name, figure in pictures.items():
        with atomic_path(folder / f"{name}.png") as draft:
            figure.savefig(draft, dpi=130, format="png")
