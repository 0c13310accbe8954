"""A small bundle to look at, its samples, and its page in this process."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import numpy as np
import torch

import neurodeploy as nd
from neurodeploy.deploy.parts import chip_part
from neurodeploy.hardware.devices import load_devices
from neurodeploy.view.app import create_view
from neurodeploy.view.player import Player
from neurodeploy.view.sources import Source, of_samples
from neurodeploy.view.truth import Truth

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # starlette prefers a package that it does not need
    from starlette.testclient import TestClient as TestClient
    from starlette.testclient import WebSocketDenialResponse as DenialResponse  # noqa: F401

FEATURES, STEPS = 16, 6


def viewed_bundle() -> nd.Bundle:
    torch.manual_seed(2)
    rng = np.random.default_rng(2)
    neuron = nd.CubaNeuron(current_decay=1000, voltage_decay=500, threshold=64)
    layers = (
        nd.Dense(weight=2 * rng.integers(-20, 40, (10, FEATURES)), neuron=neuron),
        nd.Dense(weight=2 * rng.integers(-20, 40, (5, 10)), neuron=neuron),
    )
    config = nd.DecoderConfig(
        kind="mlp", neurons=5, window_steps=STEPS, heads={"label": 3, "image": 16}, hidden=7
    )
    return nd.Bundle(
        network=nd.Network(input_shape=(FEATURES,), layers=layers),
        decoder=nd.Decoder(config).eval().requires_grad_(False),
        encoding=nd.SpikeInput(steps=STEPS),
    )


def samples(number: int = 3, seed: int = 0) -> np.ndarray:
    """Spikes uint8 [sample, feature, time]."""
    rng = np.random.default_rng(seed)
    return (rng.random((number, FEATURES, STEPS)) < 0.4).astype(np.uint8)


def priced() -> dict[str, nd.Device]:
    devices = load_devices()
    return {name: devices[name] for name in ("loihi", "arm")}


def source(bundle: nd.Bundle, number: int = 3, truth: Truth | None = None) -> Source:
    return of_samples(chip_part(bundle), samples(number), "test", truth)


def player(bundle: nd.Bundle) -> Player:
    return Player(bundle, source(bundle), priced())


def page_of(bundle: nd.Bundle, played: Source) -> TestClient:
    app = create_view(bundle, played, load_devices(), "loihi")
    return TestClient(app, base_url="http://127.0.0.1")


def spikes_of(frames: list[Any], layer: int, neurons: int) -> np.ndarray:
    """Spikes uint8 [neuron, time] of a layer in frames."""
    found = np.zeros((neurons, len(frames)), np.uint8)
    for step, frame in enumerate(frames):
        found[frame.layers[layer], step] = 1
    return found


def saved(folder: Path, bundle: nd.Bundle | None = None) -> tuple[Path, Path]:
    """The bundle and its samples as files."""
    nd.save_bundle(bundle or viewed_bundle(), folder / "bundle")
    np.save(folder / "spikes.npy", samples())
    return folder / "bundle", folder / "spikes.npy"


def saved_digits_bundle(folder: Path) -> None:
    """A bundle for the test samples of the task ``digits``; nobody trained it."""
    task = nd.task("digits")
    splits = task.splits()
    nd.save_bundle(task.bundle(task.model(splits)), folder)


def saved_camera_bundle(folder: Path, pixels: int, steps: int) -> None:
    """A bundle that counts the spikes of four neurons, which hear an event camera."""
    rng = np.random.default_rng(0)
    layer = nd.Dense(
        weight=2 * rng.integers(-20, 40, (4, 2 * pixels * pixels)),
        neuron=nd.CubaNeuron(current_decay=1000, voltage_decay=500, threshold=64),
    )
    network = nd.Network(input_shape=(2, pixels, pixels), layers=(layer,))
    nd.save_bundle(nd.counting_bundle(network, nd.SpikeInput(steps=steps)), folder)
