"""A small bundle, and a reader of a person's own."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch

from neurodeploy.deploy.bundle import Bundle
from neurodeploy.deploy.manifest import MANIFEST_FILE, self_checksum
from neurodeploy.model.decoder import Decoder, DecoderConfig
from neurodeploy.netx.layers import Dense
from neurodeploy.netx.network import Network
from neurodeploy.netx.neurons import CubaNeuron
from neurodeploy.signals.encode import RateEncoding

NEURON = CubaNeuron(current_decay=1000, voltage_decay=500, threshold=64)

OWN_READER = '''
import torch

class LastSpike(torch.nn.Module):
    """One hidden layer over how long ago each neuron spiked."""

    def __init__(self, config, *, forget):
        super().__init__()
        self.features = config.hidden
        self.forget = forget
        self.layer = torch.nn.Linear(config.neurons, config.hidden)

    def forward(self, window):
        age = self.forget ** torch.arange(window.shape[-1], 0, -1, dtype=window.dtype)
        return torch.relu(self.layer((window * age).amax(-1)))
'''


def write_own_reader(folder: Path, module: str) -> str:
    """Put it into a module of a folder; its import path."""
    (folder / f"{module}.py").write_text(OWN_READER)
    return f"{module}:LastSpike"


def change_manifest(bundle: Path, change: Callable[[dict[str, Any]], None]) -> None:
    """Let somebody change a manifest who knows how it is checked."""
    file = bundle / MANIFEST_FILE
    manifest = json.loads(file.read_text())
    change(manifest)
    if "sha256" in manifest:
        manifest["sha256"] = self_checksum(manifest)
    file.write_text(json.dumps(manifest))


def make(neurons: int = 3, kind: str = "mlp", **options: float) -> Bundle:
    torch.manual_seed(neurons)
    weight = np.arange(1, 1 + 5 * neurons).reshape(neurons, 5) * 2
    config = DecoderConfig(
        kind=kind,
        neurons=neurons,
        window_steps=7,
        heads={"label": 4, "image": 6},
        hidden=11,
        options=options,
    )
    return Bundle(
        network=Network(input_shape=(5,), layers=(Dense(weight=weight, neuron=NEURON),)),
        decoder=Decoder(config),
        encoding=RateEncoding(steps=7, max_rate=0.5),
        notes={"seed": 13},
    )


def spikes(samples: int = 3, steps: int = 7, seed: int = 0) -> np.ndarray:
    return (np.random.default_rng(seed).random((samples, 5, steps)) < 0.5).astype(np.uint8)
