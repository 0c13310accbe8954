"""The ANN of a task's own layers, which sees how often each input spiked, and no time."""

from __future__ import annotations

import math

import torch

from neurodeploy.errors import InputError, message
from neurodeploy.experiments.frames import run_on_frames
from neurodeploy.experiments.units import Run
from neurodeploy.model.specs import ConvSpec, RecurrentSpec
from neurodeploy.tasks.recorded import RecordedTask


def run_equal_ann(task: RecordedTask, *, epochs: int) -> Run:
    """`run_on_frames` of the `equal_ann` on how often each input spiked.

    Parameters
    ----------
    task : RecordedTask
        Its layers and recordings.
    epochs : int
    """

    def network(shape: tuple[int, ...], classes: int) -> torch.nn.Module:
        return equal_ann(task, shape, classes)

    return run_on_frames(task, network, lambda spikes: spikes.sum(-1), epochs=epochs)


def equal_ann(task: RecordedTask, shape: tuple[int, ...], classes: int) -> torch.nn.Sequential:
    """An ANN with the layers of the encoder and of an MLP decoder that sees one step.

    Rectified linear units in place of spiking neurons, and after each layer of the encoder a batch
    norm, which its weights can take in once it is learnt.

    Parameters
    ----------
    task : RecordedTask
        Its layers, and the width of its decoder.
    shape : tuple of int
        Features of the input.
    classes : int
        Answers.
    """
    layers: list[torch.nn.Module] = []
    for spec in task.layers():
        if isinstance(spec, ConvSpec):
            layers += [_convolution(spec, shape[0]), torch.nn.BatchNorm2d(spec.channels)]
            shape = spec.output_shape((shape[0], shape[1], shape[2]))
        elif isinstance(spec, RecurrentSpec):
            raise InputError(message("equal ANN", "layers without recurrence", spec))
        else:
            dense = torch.nn.Linear(math.prod(shape), spec.neurons, bias=False)
            layers += [torch.nn.Flatten(), dense, torch.nn.BatchNorm1d(spec.neurons)]
            shape = (spec.neurons,)
        layers.append(torch.nn.ReLU())
    hidden = torch.nn.Linear(math.prod(shape), task.decoder_hidden)
    answer = torch.nn.Linear(task.decoder_hidden, classes)
    return torch.nn.Sequential(*layers, hidden, torch.nn.ReLU(), answer)


def _convolution(spec: ConvSpec, channels: int) -> torch.nn.Conv2d:
    names = ("kernel_size", "stride", "padding", "dilation", "groups")
    geometry = {name: getattr(spec, name) for name in names}
    return torch.nn.Conv2d(channels, spec.channels, bias=False, **geometry)
