"""The bill of a device in words: what dominates it, and who wins by how much."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

NAMES = {
    "synapses": "the synapses",
    "graded_synapses": "the graded synapses",
    "neurons": "the updates of neurons",
    "weights": "reads of weights",
    "states": "reads and writes of states",
    "queues": "queues of spikes",
    "traffic": "traffic between cores",
    "input": "the input layer",
    "host": "the host decoder",
}
"""Causes of a proxy, for a person."""

NOT_COUNTED = "-"
"""Where a device has no figure; the assumptions say what is left out."""

LEVER = " A smaller decoder helps most: `train --decoder`, `levers --decoder`."
"""Where the host decoder is most of a bill."""


def verdict(device: str, proxy: Mapping[str, Any]) -> str:
    """Of a proxy of `cost_report`, decoder included on both sides.

    Parameters
    ----------
    device : str
        Its name.
    proxy : mapping
        With ``total``, ``per_cause``, ``zero_skipping`` and ``ann``.
    """
    total, ann = proxy["total"], proxy["ann"]
    if total == 0:
        return f"On {device} nothing is charged."
    causes = {name: each["per_sample_j"] for name, each in proxy["per_cause"].items()}
    largest = max(causes, key=lambda name: causes[name])
    lever = LEVER if causes.get("host", 0) > total / 2 else ""
    said = (
        f"On {device} {100 * causes[largest] / total:.1f} % of {microjoules(total)} uJ a sample "
        f"are {NAMES[largest]}"
    )
    if ann["dense_j"] == 0:
        return f"{said}; the equal ANN multiplies nothing.{lever}"
    where = "" if ann["device"] == device else f" on {ann['device']}"
    dense = times(ann["dense_j"], total)
    skipping = times(ann["effective_j"], proxy["zero_skipping"]["total"])
    both = f"{dense}, and {skipping} where both skip zeros"
    return f"{said}; the equal ANN{where} costs {both}.{lever}"


def traffic_microjoules(proxy: Mapping[str, Any]) -> str:
    """As `microjoules`, of the traffic of a proxy; `NOT_COUNTED` where no hops are priced."""
    return NOT_COUNTED if proxy["hops_of"] is None else microjoules(proxy["traffic"])


def times(one: float, other: float) -> str:
    """How often one is more or less than another one, which is not 0."""
    if one == 0:
        return "nothing"
    ratio = max(one, other) / min(one, other)
    if ratio < 1.05:
        return "as much"
    return f"{ratio:.3g} times as much" if one > other else f"1/{ratio:.3g} of that"


def microjoules(joule: float) -> str:
    """Three figures or more, without an exponent."""
    value = 1e6 * joule
    if value >= 1000:
        return f"{value:,.0f}"
    return f"{value:.2f}" if value >= 1 or value == 0 else f"{value:#.3g}"
