"""Natural signals and event streams, and how they become dense binary spikes.

Dense spikes are ``uint8 [batch, *features, time]`` with values 0 and 1 everywhere in the package;
:func:`check_spikes` is the one place that says so. Nothing here imports torch.
"""

from __future__ import annotations

from neurodeploy.signals.datasets import (
    DATASETS,
    Dataset,
    Splits,
    load,
    load_digits,
    load_mnist,
    split,
)
from neurodeploy.signals.encode import (
    Encoding,
    LatencyEncoding,
    LevelEncoding,
    RateEncoding,
    encoding_from_dict,
)
from neurodeploy.signals.events import (
    Events,
    check_spikes,
    from_spikes,
    merged_events,
    to_spikes,
    window,
)

__all__ = [
    "DATASETS",
    "Dataset",
    "Encoding",
    "Events",
    "LatencyEncoding",
    "LevelEncoding",
    "RateEncoding",
    "Splits",
    "check_spikes",
    "encoding_from_dict",
    "from_spikes",
    "load",
    "load_digits",
    "load_mnist",
    "merged_events",
    "split",
    "to_spikes",
    "window",
]
