"""What a command runs, and where its input spikes come from: a file, or a task's test part."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from neurodeploy._io.arrays import load_array
from neurodeploy._io.hdf5_process import one_reader
from neurodeploy._io.limits import Limits
from neurodeploy._io.signature import file_kind
from neurodeploy.cli.app import first_steps, say_loading
from neurodeploy.cli.input_arguments import folder_of
from neurodeploy.cli.network_arguments import NetworkSource
from neurodeploy.deploy.parts import ChipPart, read_chip_part
from neurodeploy.engines.base import check_input
from neurodeploy.errors import FileFormatError, message

if TYPE_CHECKING:
    from neurodeploy.adopt.nir.floats import NirFloats
    from neurodeploy.deploy.bundle import Bundle
    from neurodeploy.learn.data import Batch


def read_part(
    source: NetworkSource, input_shape: tuple[int, ...] | None, limits: Limits, **step: Any
) -> ChipPart:
    """What runs on the chip, of a netx file or a bundle; or a NIR graph as `convert` takes it.

    ``step`` is ``dt_s`` and ``profile`` of a graph, for a command that has them.
    """
    if source.bundle is not None:
        return read_chip_part(source.bundle, input_shape=input_shape, limits=limits)
    path = source.path
    with one_reader():
        if not is_graph(path, limits):
            return read_chip_part(path, input_shape=input_shape, limits=limits)
        from neurodeploy.adopt.convert import convert

        converted = convert(path, input_shape=input_shape, limits=limits, **step)
    return ChipPart(network=converted.network)


def is_graph(path: Path, limits: Limits) -> bool:
    """Whether a file is a NIR graph."""
    return file_kind(path, limits).key == "nir"


def read_reference(
    path: Path,
    samples: int | None,
    input_shape: tuple[int, ...] | None,
    limits: Limits,
    **step: Any,
) -> np.ndarray | NirFloats:
    """What a network is compared with: spikes of so many samples, or a NIR graph in floats.

    Raises
    ------
    FileFormatError
        It is neither.
    """
    kind = file_kind(path, limits)
    if kind.key == "nir":
        from neurodeploy.adopt.nir.floats import nir_floats

        return nir_floats(path, input_shape=input_shape, limits=limits, **step)
    if kind.key != "npy":
        expected = "spikes, .npy, or a NIR graph"
        raise FileFormatError(message(f"reference {path}", expected, kind.words))
    return load_array(path, "reference")[:samples]


def read_deployed(
    source: NetworkSource,
    input_shape: tuple[int, ...] | None,
    allow_import: bool,
    limits: Limits,
) -> Bundle | ChipPart:
    """A bundle, with its decoder if it has one; else a network alone."""
    if source.bundle is None:
        return read_part(source, input_shape, limits)
    from neurodeploy.deploy.bundle import load_bundle

    return load_bundle(source.bundle, allow_import=allow_import, limits=limits)


OF_A_TASK = 100
"""Test samples, where nobody says how many."""


def checked_spikes(
    file: Path | None, data: str | None, samples: int | None, seed: int, part: ChipPart, loads: str
) -> np.ndarray:
    """As `input_spikes`, in the steps that are run; a file is checked before anything is loaded.

    ``loads`` is what the command loads then, which is said.
    """
    if file is None:
        say_loading(loads)
    spikes = first_steps(part, input_spikes(file, data, samples, seed, part))
    if file is not None:
        check_input(part.network, spikes)
        say_loading(loads)
    return spikes


def input_spikes(
    file: Path | None,
    data: str | None,
    samples: int | None,
    seed: int,
    part: ChipPart,
    of_a_task: int = OF_A_TASK,
) -> np.ndarray:
    """Spikes of a file, or test samples of a task, encoded as a bundle says if it is one.

    Parameters
    ----------
    file : path, optional
        A ``.npy`` file.
    data : str, optional
        Instead, the name of a task, or a folder with the data of the bundle's task.
    samples : int, optional
        At most so many; else all of a file, or ``of_a_task``.
    seed : int
        Of the encoding of test samples.
    part : ChipPart
        What they are for.
    of_a_task : int
        So many samples of a task, at most, if ``samples`` does not say it.

    Raises
    ------
    InputError
        There is no such task or data, or it cannot be encoded so.
    FileFormatError
        The file cannot be read.
    """
    if file is not None:
        return load_array(file, "input")[:samples]
    batch, _ = task_samples(str(data), samples or of_a_task, seed, part)
    return batch.spikes.numpy().astype(np.uint8)


def task_samples(
    data: str, samples: int, seed: int, part: ChipPart, heads: Mapping[str, int] | None = None
) -> tuple[Batch, Any]:
    """Test samples with their targets, and the splits that they are of; else as `input_spikes`.

    ``heads`` are those of a decoder that is to be right, in which the data must fit.
    """
    from neurodeploy.tasks import collect, task

    folder = folder_of(data)
    chosen = task(data) if folder is None else task(part.task).in_folder(folder)
    chosen = chosen.as_noted(part.notes)
    if part.encoding is not None:
        chosen = chosen.with_signal(part.encoding)
    splits = chosen.splits()
    chosen.require_heads(splits, heads or {})
    return collect(chosen.sources(splits).test, seed, samples), splits
