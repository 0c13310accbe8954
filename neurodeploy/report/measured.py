"""What a report is made of: everything measured once, as plain data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from neurodeploy.deploy.verification import Verification
from neurodeploy.hardware.mapping.core_map import CoreUse
from neurodeploy.report.facts import Facts
from neurodeploy.report.provenance import Provenance


@dataclass(frozen=True, kw_only=True, eq=False)
class Sample:
    """A sample that a person can look at, step by step.

    Parameters
    ----------
    index : int
        In the order of the test part.
    spikes : tuple of bool arrays [row, step]
        Of the input and each layer; the rows that `Layer.rows` names.
    asked : int array [step], optional
        The class that is asked for at each step, `NO_LABEL` where none is.
    probabilities : float32 array [step, class], optional
        What the decoder thinks of each class after each step.
    original, images : float32 arrays [pixel] and [step, pixel], optional
        The image, and what the decoder makes of the spikes so far, in 0 to 1.
    seen : uint8 array [step, pixel], optional
        Input spikes so far, in the order of an image, where the input is one.
    """

    index: int
    spikes: tuple[np.ndarray, ...]
    asked: np.ndarray | None = None
    probabilities: np.ndarray | None = None
    original: np.ndarray | None = None
    images: np.ndarray | None = None
    seen: np.ndarray | None = None


@dataclass(frozen=True, kw_only=True, eq=False)
class Accuracy:
    """How often the class is right.

    Parameters
    ----------
    value : float
        At the end of a sample; or over all steps that ask for a class.
    interval : two floats
        In which it lies 95 % of the time (Wilson).
    answers : float
        Independent answers that it counts.
    by_step, low, high : arrays [step]
        Share of right classes after each step, and its interval.
    guess : float
        What always naming the most frequent class would get.
    confusion : int array [asked, said]
    """

    value: float
    interval: tuple[float, float]
    answers: float
    by_step: np.ndarray
    low: np.ndarray
    high: np.ndarray
    guess: float
    confusion: np.ndarray


@dataclass(frozen=True, kw_only=True, eq=False)
class Reconstruction:
    """How far images are from the originals: mean squared error of a pixel.

    ``by_step``, ``low`` and ``high`` are arrays [step]: the mean over samples, and the interval
    in which it lies 95 % of the time; ``blind`` is the error of always drawing the mean image.
    """

    by_step: np.ndarray
    low: np.ndarray
    high: np.ndarray
    blind: float


@dataclass(frozen=True, kw_only=True, eq=False)
class Layer:
    """What the input or a layer sent.

    Parameters
    ----------
    name : str
    neurons : int
    rows : int array
        Neurons that rasters show, all or evenly chosen.
    per_step : float array [step]
        Spikes of a sample in each step, mean.
    per_sample, spread : float
        Spikes of a sample, mean and standard deviation.
    rate : float array [neuron]
        Spikes a step of each neuron.
    """

    name: str
    neurons: int
    rows: np.ndarray
    per_step: np.ndarray
    per_sample: float
    spread: float
    rate: np.ndarray

    @property
    def silent(self) -> float:
        """Share of neurons that never sent anything."""
        return float((self.rate == 0).mean())


@dataclass(frozen=True, kw_only=True, eq=False)
class Weights:
    """Integer weights of a layer: ``counts`` of them between the ``edges``, and how many are 0."""

    name: str
    number: int
    zero: int
    low: int
    high: int
    edges: np.ndarray
    counts: np.ndarray


@dataclass(frozen=True, kw_only=True, eq=False)
class ChipMap:
    """Where the network lies: the report of `fit`, and cores in use among all of the chips."""

    title: str
    fit: Mapping[str, Any]
    cores: Sequence[CoreUse]
    rows: int
    columns: int


@dataclass(frozen=True, kw_only=True, eq=False)
class Agreement:
    """Engines against what was trained; without ``result``, ``note`` says why there is none."""

    samples: int
    note: str
    result: Verification | None = None


@dataclass(frozen=True, kw_only=True, eq=False)
class Measured:
    """Everything that a report says of one bundle.

    Parameters
    ----------
    name : str
        By which runs are told apart.
    task, dataset : str
    what : str
        The network in a few words.
    facts : mapping
        How it came about, as `neurodeploy.report.facts` says it.
    engine : str
        That ran it.
    provenance : Provenance
    samples, available : int
        Test samples measured, and those that there are.
    steps, latency_steps : int
    classes : tuple of str
        Names; empty where no class is asked for.
    image_shape : (height, width), optional
        Of reconstructions.
    input_image : (height, width), optional
        Of the input, where it is an image.
    shown, failures : tuples of Sample
        Some of each class, and some that were read wrongly.
    cost : mapping
        As `cost_report` gives it, of ``costed`` samples.
    history : sequence of mappings
        Epochs of the training, where its folder was given.
    """

    name: str
    task: str
    dataset: str
    what: str
    facts: Facts
    engine: str
    provenance: Provenance
    samples: int
    available: int
    steps: int
    latency_steps: int
    classes: tuple[str, ...]
    accuracy: Accuracy | None
    reconstruction: Reconstruction | None
    image_shape: tuple[int, int] | None
    input_image: tuple[int, int] | None
    shown: tuple[Sample, ...]
    failures: tuple[Sample, ...]
    layers: tuple[Layer, ...]
    weights: tuple[Weights, ...]
    cost: Mapping[str, Any]
    costed: int
    device: str
    chip: ChipMap
    agreement: Agreement
    history: Sequence[Mapping[str, float]] = field(default_factory=tuple)
