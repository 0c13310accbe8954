"""The test part, run and read piece by piece, in bounded memory."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from neurodeploy.deploy.bundle import Bundle
from neurodeploy.deploy.manifest import require_decoder
from neurodeploy.deploy.parts import chip_part
from neurodeploy.engines.registry import open_engine
from neurodeploy.learn.data import Source
from neurodeploy.learn.objective import NO_LABEL
from neurodeploy.model.decoder import Decoder, window_at

BATCH = 100
"""Samples that are run at once."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Piece:
    """Some test samples, as they ran.

    Parameters
    ----------
    activity : tuple of arrays [sample, *features, time]
        The input, then the spikes of each layer.
    targets : mapping of str to array [sample, ...]
        What was asked for.
    answers : mapping of str to float32 array [sample, time, output]
        Logits of the decoder after each step.
    """

    activity: tuple[np.ndarray, ...]
    targets: Mapping[str, np.ndarray]
    answers: Mapping[str, np.ndarray]

    def __len__(self) -> int:
        return len(self.activity[0])

    @property
    def asked(self) -> np.ndarray | None:
        """The class that is asked for at each step, int [sample, time]; None where none is."""
        if "label" not in self.targets or "label" not in self.answers:
            return None
        labels = np.asarray(self.targets["label"])
        steps = self.answers["label"].shape[1]
        if labels.ndim == 2:
            return labels[:, :steps]
        return np.broadcast_to(labels[:, None], (len(labels), steps))

    @property
    def right(self) -> np.ndarray:
        """Whether the class is right after each step, bool [sample, time]; not where none is asked
        for.
        """
        asked = self.asked
        assert asked is not None
        hits: np.ndarray = (self.answers["label"].argmax(-1) == asked) & (asked != NO_LABEL)
        return hits

    @property
    def draws(self) -> bool:
        """Whether images are reconstructed."""
        return "image" in self.targets and "image" in self.answers

    def images(self, samples: slice = slice(None)) -> np.ndarray:
        """Reconstructions after each step, float32 [sample, time, pixel], in 0 to 1."""
        drawn: np.ndarray = 1 / (1 + np.exp(-self.answers["image"][samples]))
        return drawn


def run_pieces(
    bundle: Bundle,
    source: Source,
    *,
    samples: int,
    seed: int,
    engine: str,
    advance: Callable[[int], Any] = lambda done: None,
) -> Iterator[Piece]:
    """Run the first samples of a source, and read their spikes after every step.

    Parameters
    ----------
    bundle : Bundle
    source : Source
        Such as ``task.sources(splits).test``.
    samples : int
        At most so many.
    seed : int
        Of their encoding.
    engine : str
        That runs them.
    advance : function of a number of samples
        Told after each piece.

    Raises
    ------
    InputError
        The bundle has no decoder.
    """
    part, decoder = chip_part(bundle), require_decoder(bundle.decoder)
    left = min(samples, len(source))
    with open_engine(engine, bundle.network) as running:
        for batch in source.ordered(min(BATCH, left), seed):
            spikes = part.first_steps(batch.spikes[:left].numpy().astype(np.uint8))
            run = running.run(spikes)
            yield Piece(
                activity=(spikes, *run.layers),
                targets={head: target[:left].numpy() for head, target in batch.targets.items()},
                answers=answers_by_step(decoder, run.spikes),
            )
            advance(len(spikes))
            left -= len(spikes)
            if left <= 0:
                return


@torch.no_grad()
def answers_by_step(decoder: Decoder, spikes: np.ndarray) -> dict[str, np.ndarray]:
    """Logits after each step, {head: float32 [sample, time, output]}, as a stream gives them.

    Parameters
    ----------
    decoder : Decoder
    spikes : array [sample, neuron, time]
        Of the readout.
    """
    received, steps = torch.from_numpy(spikes).float(), spikes.shape[-1]
    said = [
        decoder(window_at(received, step, decoder.config.window_steps)) for step in range(steps)
    ]
    heads = decoder.config.heads
    return {head: torch.stack([each[head] for each in said], 1).numpy() for head in heads}
