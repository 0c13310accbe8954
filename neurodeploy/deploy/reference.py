"""What `verify` compares engines with, and how that is called."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
import torch

from neurodeploy.deploy.trained_encoder import TrainedEncoder
from neurodeploy.engines.base import check_input
from neurodeploy.engines.registry import REFERENCE_ENGINE, simulate
from neurodeploy.errors import InputError, NetworkError, message
from neurodeploy.netx.network import Network

if TYPE_CHECKING:
    from neurodeploy.model.encoder import Encoder

Against: TypeAlias = "TrainedEncoder | torch.nn.Module | np.ndarray | Sequence[np.ndarray] | None"
"""What a person may give as the reference; None for the best that can be had without."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Reference:
    """Spikes that engines are compared with.

    Parameters
    ----------
    name : str
        Short, for a table.
    words : str
        What it is.
    layers : sequence of arrays [sample, *features, time]
        Of every layer, or of the output alone.
    engine : str, optional
        The engine that it is, which is not compared with itself.
    """

    name: str
    words: str
    layers: Sequence[np.ndarray]
    engine: str | None = None


def reference_of(network: Network, signal: np.ndarray, against: Against) -> Reference:
    """Find or run the reference for an input.

    Parameters
    ----------
    network : Network
        What the engines run.
    signal : array [sample, *features, time]
        Its input.
    against : optional
        As in `verify`.

    Raises
    ------
    InputError
        It is no reference, or its spikes are of another shape than the network's.
    """
    if against is None:
        return _forward_of_the_file(network, signal)
    if isinstance(against, TrainedEncoder):
        found = _training_forward(against.build(), network, signal, "in the bundle")
    elif isinstance(against, torch.nn.Module):
        found = _module(against, network, signal)
    elif isinstance(against, np.ndarray):
        words = "the output spikes that were given"
        found = Reference(name="given", words=words, layers=(against,))
    elif isinstance(against, list | tuple):
        words = "the spikes of layers that were given"
        found = Reference(name="given", words=words, layers=tuple(map(np.asarray, against)))
    else:
        expected = "a model, an encoder, a torch module, an array of spikes, or one a layer"
        raise InputError(message("reference", expected, f"a {type(against).__name__}"))
    return _fitting(found, network, signal)


def _forward_of_the_file(network: Network, signal: np.ndarray) -> Reference:
    try:
        layers = simulate(network, signal, "slayer").layers
    except NetworkError:
        layers = simulate(network, signal, REFERENCE_ENGINE).layers
        words = "Lava's simulator on the network as it is written, not the training forward"
        engine = REFERENCE_ENGINE
        return Reference(name=engine, words=words, layers=layers, engine=engine)
    words = "SLAYER's arithmetic on the network as it is written, not the training forward"
    return Reference(name="slayer", words=words, layers=layers)


def _module(module: torch.nn.Module, network: Network, signal: np.ndarray) -> Reference:
    from neurodeploy.model.encoder import Encoder
    from neurodeploy.model.hybrid import HybridModel

    if isinstance(module, HybridModel):
        module = module.encoder
    if isinstance(module, Encoder):
        return _training_forward(module, network, signal, "that was given")
    output, blocks = _forward(module, signal)
    kind = type(module).__name__
    if not isinstance(output, torch.Tensor):
        remedy = "Wrap it in a module that returns its output spikes."
        found = f"a {type(output).__name__}"
        raise InputError(message(f"reference {kind}", "a tensor [sample, ...]", found, remedy))
    if _are_the_layers(blocks, network, signal):
        words = f"every layer of the {kind} that was given"
        return Reference(name="module", words=words, layers=blocks)
    words = f"the output spikes of the {kind} that was given"
    return Reference(name="module", words=words, layers=(output.cpu().numpy(),))


def _forward(module: torch.nn.Module, signal: np.ndarray) -> tuple[Any, list[np.ndarray]]:
    """What a module returns, and what its ``blocks`` with neurons sent, as SLAYER calls them."""
    sent: list[np.ndarray] = []

    def keep(block: torch.nn.Module, given: Any, output: Any) -> None:
        spikes = output[0] if isinstance(output, tuple) else output
        if isinstance(spikes, torch.Tensor):
            sent.append(spikes.detach().cpu().numpy())

    blocks = [
        block
        for block in getattr(module, "blocks", ())
        if getattr(block, "neuron", None) is not None
    ]
    hooks = [block.register_forward_hook(keep) for block in blocks]
    training = module.training
    try:
        with torch.no_grad():
            return module.eval()(_for(module, signal)), sent
    finally:
        module.train(training)
        for hook in hooks:
            hook.remove()


def _are_the_layers(blocks: list[np.ndarray], network: Network, signal: np.ndarray) -> bool:
    shapes = [(len(signal), *shape, signal.shape[-1]) for shape in network.shapes]
    return [block.shape for block in blocks] == shapes


@torch.no_grad()
def _training_forward(
    encoder: Encoder, network: Network, signal: np.ndarray, whose: str
) -> Reference:
    out = encoder(_for(encoder, check_input(network, signal)), temperature=0.0)
    layers = [layer.cpu().numpy().astype(np.uint8) for layer in (*out.hidden, out.spikes)]
    words = f"the training forward at temperature 0 of the encoder {whose}"
    return Reference(name="training", words=words, layers=layers)


def _for(module: torch.nn.Module, signal: np.ndarray) -> torch.Tensor:
    """A float32 signal on the device where a module is."""
    device = next((parameter.device for parameter in module.parameters()), None)
    return torch.from_numpy(signal.astype(np.float32)).to(device)


def _fitting(reference: Reference, network: Network, signal: np.ndarray) -> Reference:
    """Raise unless a reference has the network's shapes: of all layers, or of the output."""
    where, number = f"reference, {reference.words}", len(reference.layers)
    if number not in (1, len(network.layers)):
        expected = f"the output, or all {len(network.layers)} layers"
        raise InputError(message(where, expected, f"{number} layers"))
    for shape, layer in zip(network.shapes[-number:], reference.layers, strict=True):
        expected_shape = [len(signal), *shape, signal.shape[-1]]
        if list(layer.shape) != expected_shape:
            found = list(layer.shape)
            raise InputError(message(where, f"[sample, *features, time] {expected_shape}", found))
    return reference
