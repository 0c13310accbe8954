"""The ANN has the layers of the spiking network, and sees no time."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest
import torch

from neurodeploy.experiments.equal_ann import equal_ann, run_equal_ann
from neurodeploy.tasks.recorded import RecordedTask
from neurodeploy.tasks.registry import task

pytestmark = pytest.mark.usefixtures("one_thread")


def events(corpora: Path) -> RecordedTask:
    chosen = task("nmnist").in_folder(corpora)
    assert isinstance(chosen, RecordedTask)
    return dataclasses.replace(chosen, decoder_hidden=24)


def test_its_layers_are_those_of_the_encoder(corpora: Path) -> None:
    chosen = events(corpora)
    splits = chosen.splits()
    weights = [block.synapse.weight for block in chosen.model(splits).encoder.layers]
    ann = equal_ann(chosen, chosen.input_shape(splits), 2)
    kinds = (torch.nn.Conv2d, torch.nn.Linear)
    found = [layer.weight.numel() for layer in ann if isinstance(layer, kinds)]
    decoder = [chosen.readout * 24, 24 * 2]
    assert found == [*(weight.numel() for weight in weights), *decoder]


def test_what_differs_in_time_alone_looks_the_same_to_it(corpora: Path) -> None:
    """A row of pixels lights up from the left or from the right: two classes, the same counts."""
    found = run_equal_ann(events(corpora).trained_with(batch_size=8), epochs=2)(None)
    assert found == {"accuracy_deployed": 0.5, "test_samples": 8}
