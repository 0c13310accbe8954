"""The report of a run's cost: a mapping that can draw its bill."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from neurodeploy._io.imports import require_one_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes

PARTS = {"chip": "chip", "traffic": "traffic", "host": "host decoder"}
"""Of a bill, and what they are called."""


class CostReport(dict[str, Any]):
    """What a run cost: an ordinary dict, as JSON takes it, with a picture of the bill."""

    def plot(self, device: str | None = None, ax: Axes | None = None) -> Axes:
        """Draw the energy proxy of a sample by cause, beside the equal ANN where the report has it.

        Parameters
        ----------
        device : str, optional
            One of ``proxies``; the first if not given.
        ax : matplotlib Axes, optional
            Where to draw; new ones if not given.

        Returns
        -------
        matplotlib Axes
            Bars in microjoules a sample.

        Raises
        ------
        InputError
            The report has no such device.
        """
        from neurodeploy.pictures.drawings import bill

        proxies = self["proxies"]
        name = require_one_of("device", next(iter(proxies)) if device is None else device, proxies)
        return bill(dict(_rows(proxies[name])), f"{name}, an energy proxy", ax)


def _rows(proxy: Mapping[str, Any]) -> Iterator[tuple[str, dict[str, float]]]:
    """Who is billed, and for what: microjoules of a sample."""
    yield "this network", {words: 1e6 * proxy[part] for part, words in PARTS.items()}
    if "ann" in proxy:
        skipping = proxy["zero_skipping"]
        yield "equal ANN", {"ANN": 1e6 * proxy["ann"]["dense_j"]}
        yield "network, zeros skipped", {PARTS[part]: 1e6 * skipping[part] for part in PARTS}
        yield "ANN, zeros skipped", {"ANN": 1e6 * proxy["ann"]["effective_j"]}
