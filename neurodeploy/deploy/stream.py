"""Spikes from a running network into the host decoder, one time step at a time.

A step is run only when its answer is asked for (the functions are generators), so a slow reader
holds the engine back and nothing piles up.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import nullcontext
from dataclasses import dataclass

import numpy as np
import torch

from neurodeploy.deploy.bundle import Bundle
from neurodeploy.deploy.parts import ChipPart, bundle_of, chip_part
from neurodeploy.engines.base import Engine, StepOutput
from neurodeploy.engines.registry import DEFAULT_ENGINE, open_engine
from neurodeploy.errors import InputError, message
from neurodeploy.model.decoder import Decoder


@dataclass(frozen=True, kw_only=True, eq=False)
class Answer:
    """What the decoder says after a step of a sample.

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
    bundle: Bundle,
    samples: Iterable[np.ndarray],
    engine: str | Engine = DEFAULT_ENGINE,
    *,
    wanted: Callable[[int], bool] = lambda step: True,
) -> Iterator[Answer]:
    """Stream samples through a bundle and yield its decoder's answer as it forms.

    Parameters
    ----------
    bundle : Bundle
        Its network runs, each sample from rest, and its decoder reads. With fewer steps than its
        encoding, it takes the first ones of each sample.
    samples : iterable of arrays [*features, time]
        Input spikes; taken one by one.
    engine : str or Engine
        By name; or one that is open and holds the bundle's network, which is left open.
    wanted : function of the step index
        Which steps are answered; all by default.

    Raises
    ------
    InputError
        It is no bundle or no engine, or a sample does not fit.
    """
    part, reader = chip_part(bundle_of(bundle)), StreamingDecoder(bundle.decoder)
    if not isinstance(engine, str) and not hasattr(engine, "stream"):
        raise InputError(message("engine", "a name or an Engine", f"a {type(engine).__name__}"))
    return _answers(reader, part, map(part.first_steps, samples), engine, wanted)


def _answers(
    reader: StreamingDecoder,
    part: ChipPart,
    samples: Iterable[np.ndarray],
    engine: str | Engine,
    wanted: Callable[[int], bool],
) -> Iterator[Answer]:
    opened = open_engine(engine, part.network) if isinstance(engine, str) else nullcontext(engine)
    with opened as running:
        for output in running.stream(samples):
            if output.step == 0:
                reader.reset()
            reader.push(output.spikes)
            if wanted(output.step):
                yield Answer(
                    sample=output.sample, step=output.step, logits=reader.answer(), output=output
                )
