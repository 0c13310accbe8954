"""What is sent to a page: what there is to see, once, and then a frame a step."""

from __future__ import annotations

import math
from typing import Any

import msgspec
import numpy as np

from neurodeploy.deploy.answers import HEAD
from neurodeploy.deploy.bundle import Bundle
from neurodeploy.deploy.host_side import Answer
from neurodeploy.hardware.devices import Device
from neurodeploy.view.sources import Source
from neurodeploy.view.touching import silenced_unit
from neurodeploy.view.truth import Truth

IMAGE_HEAD = "image"


class LayerSeen(msgspec.Struct):
    """A layer; ``threshold`` is None without neurons, ``silences`` empty where nothing can be."""

    name: str
    features: int
    threshold: int | None
    silences: str
    unit_features: int


class Hello(msgspec.Struct, tag="hello"):
    """What there is to see; ``image`` and ``original`` are [height, width], or None without.

    ``host`` is None where no decoder runs on one, ``known`` says whether the class that is asked
    for is, and ``names`` are those of the classes.
    """

    source: str
    task: str
    input_shape: tuple[int, ...]
    noisy: bool
    layers: list[LayerSeen]
    classes: int
    image: tuple[int, int] | None
    original: tuple[int, int] | None
    known: bool
    names: list[str]
    steps: int
    device: str
    host: str | None


class Frame(msgspec.Struct, tag="frame"):
    """A step. Spikes are features, in SLAYER's order; ``image`` has bytes; energies are joules of
    the sample so far, the host's of one answer now, both proxies. ``asked`` is the class that is
    asked for, and ``original``, in the first step of a sample, its picture in bytes.
    """

    sample: int | str
    step: int
    last: bool
    dropped: bool
    heard: bool
    input: list[int]
    layers: list[list[int]]
    label: int | None
    confidence: float | None
    classes: list[float]
    image: list[int]
    asked: int | None
    original: list[int]
    chip_j: float
    host_j: float


class State(msgspec.Struct, tag="state"):
    """What the page's controls stand at; ``pending`` waits for the next sample."""

    playing: bool
    steps_per_s: float
    noise: float
    thresholds: dict[int, int]
    silenced: list[tuple[int, int]]
    pending: bool
    drop: bool
    waiting: bool
    ended: bool


class Wrong(msgspec.Struct, tag="error"):
    """Why something was not done."""

    said: str


def hello(bundle: Bundle, source: Source, device: Device, host: Device) -> Hello:
    """What there is to see of a bundle that plays a source."""
    network = bundle.network
    layers = []
    for name, shape, layer in zip(network.names, network.shapes, network.layers, strict=True):
        unit = silenced_unit(layer)
        layers.append(
            LayerSeen(
                name=name,
                features=math.prod(shape),
                threshold=None if layer.neuron is None else layer.neuron.threshold,
                silences=unit,
                unit_features=math.prod(shape[1:]) if unit == "channel" else 1,
            )
        )
    return Hello(
        source=source.title,
        task=str(bundle.notes.get("task", "")),
        input_shape=network.input_shape,
        noisy=takes_spikes(bundle),
        layers=layers,
        classes=bundle.heads.get(HEAD, 0),
        image=picture_shape(bundle),
        original=source.truth.picture_shape,
        known=len(source.truth.labels) > 0,
        names=list(source.truth.classes),
        steps=bundle.steps,
        device=device.title,
        host=None if bundle.decoder is None else host.title,
    )


def takes_spikes(bundle: Bundle) -> bool:
    """Whether the input is 0 and 1."""
    network = bundle.network
    return not (network.input_bits or network.layers[0].takes_real_values)


def picture_shape(bundle: Bundle) -> tuple[int, int] | None:
    """Height and width of the picture that a decoder draws; None without one.

    As the input, where this is one channel of as many pixels; else a square.
    """
    pixels = bundle.heads.get(IMAGE_HEAD, 0)
    shape = bundle.network.input_shape
    if len(shape) == 3 and pixels and shape[1] * shape[2] == pixels:
        return shape[1], shape[2]
    side = math.isqrt(pixels)
    return (side, side) if side and side * side == pixels else None


def frame(
    bundle: Bundle, answer: Answer, truth: Truth, energy: tuple[float, float], dropped: bool
) -> Frame:
    """A step as it is sent; energy of chip and host, joules."""
    classes, image = answer.logits.get(HEAD), answer.logits.get(IMAGE_HEAD)
    return Frame(
        sample=answer.name,
        step=answer.step,
        last=answer.final,
        dropped=dropped,
        heard=answer.heard,
        input=_places(answer.output.input),
        layers=[_places(spikes) for spikes in answer.output.layers],
        label=answer.label,
        confidence=answer.confidence,
        classes=[] if classes is None else _softmax(classes).round(4).tolist(),
        image=[] if image is None or picture_shape(bundle) is None else _bytes(image),
        asked=truth.label(answer.name, answer.step),
        original=truth.picture(answer.name) if answer.step == 0 else [],
        chip_j=energy[0],
        host_j=energy[1],
    )


def encoded(value: Any) -> str:
    """A message as text."""
    return msgspec.json.encode(value).decode()


def _places(spikes: np.ndarray) -> list[int]:
    places: list[int] = np.flatnonzero(spikes).tolist()
    return places


def _softmax(logits: np.ndarray) -> np.ndarray:
    shifted = np.exp(logits.astype(np.float64) - logits.max())
    share: np.ndarray = shifted / shifted.sum()
    return share


def _bytes(logits: np.ndarray) -> list[int]:
    """Pixels 0 to 255 of the logits of a picture."""
    share = 0.5 + 0.5 * np.tanh(logits.astype(np.float64) / 2)
    values: list[int] = np.rint(255 * share).astype(int).tolist()
    return values
