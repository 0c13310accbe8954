"""What is learnt does not depend on the number of threads, and PyTorch is left as it was."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from neurodeploy.errors import InputError
from neurodeploy.learn.data import SpikeSource
from neurodeploy.learn.objective import ConstantRate, Objective, class_loss
from neurodeploy.learn.schedule import TrainConfig
from neurodeploy.learn.threads import on_threads
from neurodeploy.learn.trainer import Trainer
from neurodeploy.model.decoder import Decoder, DecoderConfig
from neurodeploy.model.encoder import Encoder
from neurodeploy.model.hybrid import HybridModel
from neurodeploy.model.specs import DenseSpec


def learnt(folder: Path, threads: int) -> list[torch.Tensor]:
    """Parameters after an epoch of batches larger than a piece of work."""
    rng = np.random.default_rng(0)
    spikes = (rng.random((66, 150, 8)) < 0.1).astype(np.uint8)
    source = SpikeSource(spikes, {"label": rng.integers(0, 3, 66)})
    torch.manual_seed(0)
    decoder = DecoderConfig(kind="mlp", neurons=20, window_steps=8, heads={"label": 3}, hidden=9)
    encoder = Encoder((150,), [DenseSpec(neurons=130), DenseSpec(neurons=20)])
    model = HybridModel(encoder, Decoder(decoder))
    objective = Objective(heads={"label": (class_loss, 1.0)}, beta=0.01, prior=ConstantRate(0.05))
    config = TrainConfig(epochs=2, batch_size=33)
    Trainer(
        model,
        objective,
        train=source,
        validation=source,
        folder=folder,
        config=config,
        threads=threads,
    ).fit()
    return [parameter.detach() for parameter in model.parameters()]


def test_threads_change_no_bit(tmp_path: Path) -> None:
    alone = learnt(tmp_path / "1", 1)
    for threads in (2, 3):
        together = learnt(tmp_path / str(threads), threads)
        assert all(torch.equal(one, other) for one, other in zip(alone, together, strict=True))


def test_pytorch_is_left_as_it_was() -> None:
    before, tiny = torch.get_num_threads(), torch.tensor([1e-39])
    with on_threads(2):
        assert torch.get_num_threads() == 1
        assert float(tiny * 1) == 0
    assert torch.get_num_threads() == before
    assert float(tiny * 1) > 0


def test_no_threads_are_refused() -> None:
    with pytest.raises(InputError, match="at least 1"), on_threads(0):
        pass
