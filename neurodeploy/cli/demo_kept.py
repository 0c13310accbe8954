"""What the demo has finished is kept on disk by what it was made of, and not done again."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch

from neurodeploy._io.digest import digest
from neurodeploy._io.tensors import load_state, load_tensors, save_tensors
from neurodeploy._version import __version__
from neurodeploy.cli.demo_results import Deployed, Streamed
from neurodeploy.deploy.bundle import Bundle
from neurodeploy.engines.counts import count
from neurodeploy.errors import FileFormatError
from neurodeploy.experiments.oracle import LeNet
from neurodeploy.signals.datasets import Dataset

ORACLE, RUN = "oracle.safetensors", "run.safetensors"
KEPT = (ORACLE, RUN)
BUNDLE_FILES = ("network.net", "decoder.safetensors")

Tensors = dict[str, torch.Tensor]


def kept_tensors(path: Path, identity: str, make: Callable[[], Tensors]) -> Tensors:
    """Tensors of a file, if they were made of the same; else they are made, and written.

    Parameters
    ----------
    path : path
        A safetensors file; one that is damaged, or of something else, is written anew.
    identity : str
        What they are made of, as a digest.
    make : callable
        Makes them.
    """
    if path.exists():
        try:
            tensors, notes = load_tensors(path, "kept results")
        except FileFormatError:
            notes = {}
        if notes.get("identity") == identity:
            return tensors
    made = make()
    save_tensors(path, made, {"identity": identity})
    return made


def kept_oracle(folder: Path, images: Dataset, make: Callable[[], LeNet]) -> LeNet:
    """The classifier that was trained on these images, or a new one."""
    identity = digest(__version__.encode(), images.images, images.labels)
    tensors = kept_tensors(folder / ORACLE, identity, lambda: make().state_dict())
    oracle = LeNet(images.images.shape[-1], images.classes)
    load_state(oracle, tensors, str(folder / ORACLE))
    return oracle.eval()


def kept_run(
    folder: Path, bundle: Bundle, engine: str, spikes: np.ndarray, make: Callable[[], Streamed]
) -> Deployed:
    """The run of these spikes through this bundle, as it lies in the folder, or a new one."""
    files = [(folder / "bundle" / name).read_bytes() for name in BUNDLE_FILES]
    identity = digest(__version__.encode(), engine.encode(), *files, spikes)

    def made() -> Tensors:
        run = make()
        packed = {f"layer.{i}": np.packbits(sent, -1) for i, sent in enumerate(run.activity)}
        answers = {f"answer.{head}": logits for head, logits in run.answers.items()}
        wall_s = {"wall_s": np.array(run.wall_s)}
        return {k: torch.from_numpy(v) for k, v in (packed | answers | wall_s).items()}

    tensors = kept_tensors(folder / RUN, identity, made)
    arrays = {name: tensor.numpy() for name, tensor in tensors.items()}
    steps = spikes.shape[-1]
    activity = tuple(
        np.unpackbits(arrays[f"layer.{i}"], -1, count=steps)
        for i in range(len(bundle.network.layers) + 1)
    )
    return Deployed(
        activity=activity,
        answers={head: arrays[f"answer.{head}"] for head in bundle.heads},
        counts=count(bundle.network, by_feature(bundle, activity)),
        wall_s=float(arrays["wall_s"]),
    )


def by_feature(bundle: Bundle, activity: tuple[np.ndarray, ...]) -> list[np.ndarray]:
    """Spikes [sample, neuron, time] of the input and each layer as [sample, *features, time]."""
    shapes = (bundle.network.input_shape, *bundle.network.shapes)
    return [
        layer.reshape(len(layer), *shape, layer.shape[-1])
        for layer, shape in zip(activity, shapes, strict=True)
    ]
