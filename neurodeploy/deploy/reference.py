"""What `verify` compares engines with, and how that is called."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias, runtime_checkable

import numpy as np
import torch

from neurodeploy.deploy.trained_encoder import TrainedEncoder
from neurodeploy.engines.base import check_input
from neurodeploy.engines.registry import REFERENCE_ENGINE, simulate
from neurodeploy.errors import InputError, NetworkError, message
from neurodeploy.netx.findings import Finding
from neurodeploy.netx.network import Network

if TYPE_CHECKING:
    from neurodeploy.model.encoder import Encoder

Against: TypeAlias = (
    "TrainedEncoder | torch.nn.Module | Floats | np.ndarray | Sequence[np.ndarray] | None"
)
"""What a person may give as the reference; None for the best that can be had without."""


@runtime_checkable
class Floats(Protocol):
    """A network in floats that became the network, such as `neurodeploy.nir_floats` reads."""

    @property
    def words(self) -> str:
        """What it is."""

    @property
    def late_steps(self) -> tuple[int, ...]:
        """By so many steps each layer of the network is later."""

    def run(self, spikes: np.ndarray) -> Sequence[np.ndarray]:
        """Spikes [sample, *features, time] of every layer for those of the input."""

    def notes(self, names: Sequence[str]) -> Sequence[Finding]:
        """What must be known of it, of layers that are called so."""


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
    late_steps : tuple of int
        By so many steps each layer of the network is later, where the reference says it.
    notes : tuple of Finding
        What must be known of it.
    """

    name: str
    words: str
    layers: Sequence[np.ndarray]
    engine: str | None = None
    late_steps: tuple[int, ...] = ()
    notes: tuple[Finding, ...] = ()


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
    elif isinstance(against, Floats):
        return _floats(against, network, signal)
    elif isinstance(against, np.ndarray):
        words = "the output spikes that were given"
        found = Reference(name="given", words=words, layers=(against,))
    elif isinstance(against, list | tuple):
        words = "the spikes of layers that were given"
        found = Reference(name="given", words=words, layers=tuple(map(np.asarray, against)))
    else:
        expected = "a model, an encoder, a torch module, an array of spikes, or one a layer"
        found_type = f"a {type(against).__name__}"
        remedy = "Read a NIR graph with nd.nir_floats."
        raise InputError(message("reference", expected, found_type, remedy))
    return _fitting(found, network, signal)


def _forward_of_the_file(network: Network, signal: np.ndarray) -> Reference:
    try:
        layers = simulate(network, signal, "slayer").layers
    except NetworkError:
        layers = simulate(network, signal, REFERENCE_ENGINE).layers
        words = "Lava's simulator on the network's own integers, not the training forward"
        engine = REFERENCE_ENGINE
        return Reference(name=engine, words=words, layers=layers, engine=engine)
    words = "SLAYER's arithmetic on the network's own integers, not the training forward"
    return Reference(name="slayer", words=words, layers=layers)


def _floats(floats: Floats, network: Network, signal: np.ndarray) -> Reference:
    found = Reference(
        name="floats",
        words=floats.words,
        layers=floats.run(check_input(network, signal)),
        late_steps=floats.late_steps,
    )
    if len(found.layers) != len(network.layers):
        expected = f"all {len(network.layers)} layers of the network"
        where = f"reference, {floats.words}"
        raise InputError(message(where, expected, f"{len(found.layers)} layers"))
    return replace(_fitting(found, network, signal), notes=tuple(floats.notes(network.names)))


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
