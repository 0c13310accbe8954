"""Other decoders for a trained encoder, which stays as it is: learnt from the spikes it sends."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch

from neurodeploy.deploy.bundle import Bundle
from neurodeploy.deploy.manifest import require_decoder
from neurodeploy.deploy.parts import chip_part
from neurodeploy.engines.native import NativeEngine
from neurodeploy.errors import InputError, message
from neurodeploy.learn.data import Batch
from neurodeploy.learn.decoder_fit import fit_decoder
from neurodeploy.model.decoder import FLOAT_BITS, Decoder
from neurodeploy.tasks.base import Task

EPOCHS = 10
"""Of the training data, encoded anew in each."""

LEARNING_RATE = 2e-3


@dataclass(frozen=True, kw_only=True)
class Retrained:
    """A decoder that is to be learnt.

    Parameters
    ----------
    kind : str
        Of its reader, by name.
    hidden : int, optional
        Its width; that of the bundle's decoder if not given.
    """

    kind: str
    hidden: int | None = None

    @property
    def parameters(self) -> dict[str, Any]:
        """What a point of a search says of it."""
        width = {} if self.hidden is None else {"decoder_hidden": self.hidden}
        return {"decoder": self.kind, **width}

    @property
    def name(self) -> str:
        """For a folder."""
        width = "" if self.hidden is None else f"-{self.hidden}"
        return f"decoder-{self.kind.replace(':', '.')}{width}"


def retrained(
    task: Task[Any], bundle: Bundle, splits: Any, decoder: Retrained, *, epochs: int = EPOCHS
) -> Bundle:
    """A bundle with another decoder, learnt from the spikes of its network on the training data.

    It answers what the decoder before answers. It learns with Adam and a cosine schedule, by the
    losses of the task, and sees training data only. The network is run on the native engine, and
    does not change.

    Parameters
    ----------
    task : Task
        Its data, losses and seed.
    bundle : Bundle
        What is read.
    splits
        The task's data.
    decoder : Retrained
        The new one.
    epochs : int
        Over the training data.

    Raises
    ------
    InputError
        The bundle has no decoder, the task has no loss for an answer of it, there is no such
        reader, or the training diverged.
    """
    losses, was = task.losses(), require_decoder(bundle.decoder).config
    for head in was.heads:
        if head not in losses:
            raise InputError(
                message(f"head {head} of the bundle", f"one of {sorted(losses)}", head)
            )
    config = replace(
        was,
        kind=decoder.kind,
        hidden=decoder.hidden or was.hidden,
        options={},
        bits=FLOAT_BITS,
    )
    objective = replace(task.objective(), heads={head: losses[head] for head in was.heads})
    seed, batch_size = task.training.seed, task.training.batch_size
    source = task.with_signal(bundle.encoding).sources(splits).train
    part = chip_part(bundle)
    with torch.random.fork_rng(), NativeEngine(bundle.network, threads=1) as engine:
        torch.manual_seed(seed)
        learning = Decoder(config)

        def sent(epoch: int) -> Iterator[Batch]:
            for batch in source.shuffled(batch_size, seed, epoch):
                given = part.first_steps(batch.spikes.numpy().astype(np.uint8))
                spikes = torch.from_numpy(engine.run_batch(given).spikes).float()
                yield Batch(spikes, batch.targets)

        fit_decoder(
            *(learning, learning.at_the_end, objective, sent),
            epochs=epochs,
            learning_rate=LEARNING_RATE,
        )
    notes = {**bundle.notes, "decoder": {"kind": config.name, "learnt_epochs": epochs}}
    learnt = learning.eval().requires_grad_(False)
    return replace(bundle, decoder=learnt, notes=notes)
