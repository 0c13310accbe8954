"""Natural signals and event streams, and how they become dense binary spikes.

Dense spikes are ``uint8 [batch, *features, time]`` with values 0 and 1 everywhere in the package;
:func:`check_spikes` is the one place that says so. Nothing here imports torch.
"""

from __future__ import annotations

from neurodeploy.signals.blobs import MovingBlobs
from neurodeploy.signals.blobs import accuracy as blob_accuracy
from neurodeploy.signals.camera import N_MNIST_CAMERA, Camera, film
from neurodeploy.signals.datasets import (
    DATASETS,
    Dataset,
    Splits,
    load,
    load_digits,
    load_mnist,
    split,
)
from neurodeploy.signals.distort import Distortion
from neurodeploy.signals.encode import (
    Encoding,
    LatencyEncoding,
    LevelEncoding,
    RateEncoding,
    SpikeInput,
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
from neurodeploy.signals.ideal import ideal_decoder
from neurodeploy.signals.motion import Motion, saccades, slow_motion
from neurodeploy.signals.recordings import FilmedImages, Recordings, dense

__all__ = [
    "DATASETS",
    "N_MNIST_CAMERA",
    "Camera",
    "Dataset",
    "Distortion",
    "Encoding",
    "Events",
    "FilmedImages",
    "LatencyEncoding",
    "LevelEncoding",
    "Motion",
    "MovingBlobs",
    "RateEncoding",
    "Recordings",
    "SpikeInput",
    "Splits",
    "blob_accuracy",
    "check_spikes",
    "dense",
    "encoding_from_dict",
    "film",
    "from_spikes",
    "ideal_decoder",
    "load",
    "load_digits",
    "load_mnist",
    "merged_events",
    "saccades",
    "slow_motion",
    "split",
    "to_spikes",
    "window",
]
