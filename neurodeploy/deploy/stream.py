"""Spikes from a running network into the host decoder, or a simple rule, step by step.

A step is run only when its answer is asked for (the functions are generators), so a slow reader
holds the engine back and nothing piles up.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass

import numpy as np
import torch

from neurodeploy.deploy.answers import READERS, Reader, voltages
from neurodeploy.deploy.parts import Deployed, chip_part
from neurodeploy.deploy.rules import COUNTS, VOLTAGE, require_rule
from neurodeploy.engines.base import Engine, StepOutput
from neurodeploy.engines.registry import DEFAULT_ENGINE, open_engine
from neurodeploy.errors import InputError, message
from neurodeploy.model.decoder import Decoder
from neurodeploy.netx.network import Network


@dataclass(frozen=True, kw_only=True, eq=False)
class Answer:
    """What the decoder, or a rule, says after a step of a sample.

    ``logits`` is {head: float32 [outputs]}; ``output`` holds the step's spikes.
    """

    sample: int
    step: int
    logits: dict[str, np.ndarray]
    output: StepOutput


class StreamingDecoder:
    """A decoder with the window of spikes that it has received.

    Parameters
    ----------
    decoder : Decoder
        Reads the last ``window_steps`` steps; see `window_at` for how the window fills.
    """

    def __init__(self, decoder: Decoder) -> None:
        self.decoder = decoder
        config = decoder.config
        self._window = torch.zeros(1, config.neurons, config.window_steps)
        self._received = 0

    def push(self, spikes: np.ndarray) -> None:
        """Take the spikes [neuron] of one step.

        Raises
        ------
        InputError
            Another number of neurons than the decoder reads.
        """
        if spikes.shape != (self.decoder.config.neurons,):
            raise InputError(
                message("streamed spikes", f"[{self.decoder.config.neurons}]", list(spikes.shape))
            )
        length = self._window.shape[-1]
        if self._received >= length:
            self._window = self._window.roll(-1, dims=-1)
        place = min(self._received, length - 1)
        self._window[0, :, place] = torch.from_numpy(spikes.astype(np.float32))
        self._received += 1

    @torch.no_grad()
    def answer(self) -> dict[str, np.ndarray]:
        """Logits of every head, {head: float32 [outputs]}."""
        return {name: logits[0].numpy() for name, logits in self.decoder(self._window).items()}

    def reset(self) -> None:
        """Forget the window, for the next sample."""
        self._window.zero_()
        self._received = 0


def stream_answers(
    deployed: Deployed,
    samples: Iterable[np.ndarray],
    engine: str | Engine = DEFAULT_ENGINE,
    *,
    rule: str | None = None,
    wanted: Callable[[int], bool] = lambda step: True,
) -> Iterator[Answer]:
    """Stream samples through what is deployed and yield its answer as it forms.

    Parameters
    ----------
    deployed : Network or Bundle
        What runs, each sample from rest. A bundle with fewer steps than its encoding takes the
        first ones of each sample.
    samples : iterable of arrays [*features, time]
        Input spikes; taken one by one.
    engine : str or Engine
        By name; or one that is open and holds the network, which is left open.
    rule : str, optional
        How output spikes are read, instead of the bundle's decoder: ``counts`` of each neuron so
        far, ``first-spike``, or ``voltage`` of the output neurons. A network without a decoder is
        read by its counts.
    wanted : function of the step index
        Which steps are answered; all by default.

    Raises
    ------
    InputError
        It is neither network nor bundle, no engine or no rule, or a sample does not fit.
    """
    part = chip_part(deployed)
    if not isinstance(engine, str) and not hasattr(engine, "stream"):
        raise InputError(message("engine", "a name or an Engine", f"a {type(engine).__name__}"))
    decoder: Decoder | None = getattr(deployed, "decoder", None)
    if rule is None and decoder is None:
        rule = COUNTS
    samples = map(part.first_steps, samples)
    if rule is not None and require_rule(rule) == VOLTAGE:
        return _by_voltage(part.network, samples, engine, wanted)
    neurons = math.prod(part.network.output_shape)
    reader: Reader
    if rule is None:
        assert decoder is not None
        reader = StreamingDecoder(decoder)
    else:
        reader = READERS[rule](neurons)
    return _by_spikes(reader, part.network, samples, engine, wanted)


def _by_spikes(
    reader: Reader,
    network: Network,
    samples: Iterable[np.ndarray],
    engine: str | Engine,
    wanted: Callable[[int], bool],
) -> Iterator[Answer]:
    with _running(engine, network) as running:
        for output in running.stream(samples):
            if output.step == 0:
                reader.reset()
            reader.push(output.spikes.ravel())
            if wanted(output.step):
                yield _answer(output, reader.answer())


def _by_voltage(
    network: Network,
    samples: Iterable[np.ndarray],
    engine: str | Engine,
    wanted: Callable[[int], bool],
) -> Iterator[Answer]:
    with _running(engine, network) as running:
        for output, logits in voltages(running, network, samples):
            if wanted(output.step):
                yield _answer(output, logits)


def _running(engine: str | Engine, network: Network) -> AbstractContextManager[Engine]:
    return open_engine(engine, network) if isinstance(engine, str) else nullcontext(engine)


def _answer(output: StepOutput, logits: dict[str, np.ndarray]) -> Answer:
    return Answer(sample=output.sample, step=output.step, logits=logits, output=output)
