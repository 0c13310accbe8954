"""From a trained hybrid spiking model to a neuromorphic chip.

Everything here is imported when it is first used, so that reading a network does not load torch.
"""

from __future__ import annotations

import importlib
import os
from typing import TYPE_CHECKING, Any

from neurodeploy.errors import (
    EngineError,
    FileFormatError,
    InputError,
    NetworkError,
    NeurodeployError,
)

if TYPE_CHECKING:
    from neurodeploy.cost.report import energy_report
    from neurodeploy.deploy.bundle import Bundle, decode, load_bundle, save_bundle
    from neurodeploy.deploy.inspection import check
    from neurodeploy.deploy.run import simulate
    from neurodeploy.deploy.stream import stream_answers
    from neurodeploy.deploy.verification import verify
    from neurodeploy.engines.registry import open_engine
    from neurodeploy.hardware.advice import fit_report
    from neurodeploy.hardware.chips import find_chip
    from neurodeploy.hardware.placement import place
    from neurodeploy.learn.checkpoint import load_model
    from neurodeploy.learn.data import ImageSource
    from neurodeploy.learn.evaluation import evaluate
    from neurodeploy.learn.schedule import TrainConfig
    from neurodeploy.model.export import export_network
    from neurodeploy.netx.read import read_network
    from neurodeploy.netx.write import write_network
    from neurodeploy.signals.encode import LatencyEncoding, RateEncoding
    from neurodeploy.tasks import ImageTask, input_spikes, task, train_task

__version__ = "0.1.0"

# OpenMP threads that spin while they wait stall PyTorch for seconds as soon as anything else,
# such as Lava's processes, wants a core. Read once, when torch is loaded; the person's own wins.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

_HOMES = {
    "Bundle": "deploy.bundle",
    "ImageSource": "learn.data",
    "ImageTask": "tasks",
    "LatencyEncoding": "signals.encode",
    "RateEncoding": "signals.encode",
    "TrainConfig": "learn.schedule",
    "check": "deploy.inspection",
    "decode": "deploy.bundle",
    "energy_report": "cost.report",
    "evaluate": "learn.evaluation",
    "export_network": "model.export",
    "find_chip": "hardware.chips",
    "fit_report": "hardware.advice",
    "input_spikes": "tasks",
    "load_bundle": "deploy.bundle",
    "load_model": "learn.checkpoint",
    "open_engine": "engines.registry",
    "place": "hardware.placement",
    "read_network": "netx.read",
    "save_bundle": "deploy.bundle",
    "simulate": "deploy.run",
    "stream_answers": "deploy.stream",
    "task": "tasks",
    "train_task": "tasks",
    "verify": "deploy.verification",
    "write_network": "netx.write",
}

__all__ = [
    "Bundle",
    "EngineError",
    "FileFormatError",
    "ImageSource",
    "ImageTask",
    "InputError",
    "LatencyEncoding",
    "NetworkError",
    "NeurodeployError",
    "RateEncoding",
    "TrainConfig",
    "check",
    "decode",
    "energy_report",
    "evaluate",
    "export_network",
    "find_chip",
    "fit_report",
    "input_spikes",
    "load_bundle",
    "load_model",
    "open_engine",
    "place",
    "read_network",
    "save_bundle",
    "simulate",
    "stream_answers",
    "task",
    "train_task",
    "verify",
    "write_network",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'neurodeploy' has no attribute {name!r}")
    return getattr(importlib.import_module(f"neurodeploy.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return sorted(__all__)
