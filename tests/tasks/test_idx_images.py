"""Images in IDX files keep their official test part."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest

from neurodeploy.errors import FileFormatError, InputError
from neurodeploy.experiments.measure import measure
from neurodeploy.learn.schedule import TrainConfig
from neurodeploy.model.specs import ConvSpec
from neurodeploy.signals.encode import LevelEncoding
from neurodeploy.tasks.idx_images import IdxTask
from neurodeploy.tasks.training import train_task

pytestmark = pytest.mark.usefixtures("one_thread")

SMALL = IdxTask(
    validation=12,
    encoding=LevelEncoding(steps=6, levels=3),
    heads=("label",),
    hidden=(16,),
    readout=8,
    decoder_hidden=8,
    training=TrainConfig(epochs=8, batch_size=8, learning_rate=0.01, patience_epochs=8),
)


def test_the_test_part_is_the_official_one(corpora: Path) -> None:
    splits = SMALL.in_folder(corpora).splits()
    assert [len(part) for part in (splits.train, splits.validation, splits.test)] == [48, 12, 20]
    assert splits.test.labels.tolist() == [0, 1] * 10
    assert splits.test_indices.tolist() == [*range(60, 80)]
    assert np.array_equal(
        np.sort(splits.train_indices), np.setdiff1d(np.arange(60), splits.validation_indices)
    )
    fewer = dataclasses.replace(SMALL, train=20, test=6).in_folder(corpora).splits()
    assert [len(part) for part in (fewer.train, fewer.test)] == [20, 6]


@pytest.mark.parametrize("first", [16, ConvSpec(channels=2, kernel_size=3, stride=2)])
def test_images_are_learnt_and_deployed(first: int, corpora: Path, tmp_path: Path) -> None:
    chosen = dataclasses.replace(SMALL, hidden=(first,)).in_folder(corpora)
    splits = chosen.splits()
    found = measure(chosen, splits, train_task(chosen, splits, tmp_path))
    assert found["accuracy_deployed"] == found["accuracy_zero_temperature"] > 0.6


def test_images_without_labels_are_refused(corpora: Path, tmp_path: Path) -> None:
    for path in (corpora / "fashion").iterdir():
        if "t10k-labels" not in path.name:
            (tmp_path / path.name).write_bytes(path.read_bytes())
    with pytest.raises(FileFormatError, match=r"t10k-images.*: expected labels beside them"):
        SMALL.in_folder(tmp_path).splits()
    (tmp_path / "emnist-test-images").write_bytes(b"a second one")
    with pytest.raises(InputError, match="a folder of their own"):
        SMALL.in_folder(tmp_path).splits()


def test_sizes_beyond_the_data_are_refused(corpora: Path) -> None:
    for changes in ({"validation": 60}, {"train": 49}, {"test": 21}):
        with pytest.raises(InputError, match=f"split, {next(iter(changes))}"):
            dataclasses.replace(SMALL, **changes).in_folder(corpora).splits()
