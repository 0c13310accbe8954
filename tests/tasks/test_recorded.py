"""Recordings on disk are divided, learnt and deployed."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest

from neurodeploy.errors import FileFormatError, InputError
from neurodeploy.experiments.measure import measure
from neurodeploy.learn.schedule import TrainConfig
from neurodeploy.model.neuron import CubaParameters
from neurodeploy.signals.corpora.own import OwnRecordings
from neurodeploy.signals.corpora.spoken_digits import SpokenDigits
from neurodeploy.signals.jitter import Jitter
from neurodeploy.signals.sound import Hearing
from neurodeploy.signals.sound_codes import Crossings
from neurodeploy.signals.sources.find import Reading
from neurodeploy.tasks.recorded import RecordedTask, numbered
from neurodeploy.tasks.registry import task
from neurodeploy.tasks.training import train_task, trained_model

pytestmark = pytest.mark.usefixtures("one_thread")

SMALL = RecordedTask(
    corpus=SpokenDigits(hearing=Hearing(code=Crossings(delta_db=6))),
    steps=15,
    dt_s=0.02,
    validation_share=0.25,
    jitter=Jitter(steps=1, bands=1, groups=2, drop=0.1),
    hidden=(32,),
    readout=16,
    neuron=CubaParameters(current_decay=0.25, voltage_decay=0.05, surrogate_width=0.05),
    decoder_hidden=16,
    beta=0.0001,
    training=TrainConfig(epochs=30, batch_size=4, learning_rate=0.005, patience_epochs=30),
)


def test_spoken_digits_are_learnt_and_deployed(corpora: Path, tmp_path: Path) -> None:
    chosen = SMALL.in_folder(corpora)
    splits = chosen.splits()
    assert [len(part.labels) for part in (splits.train, splits.validation, splits.test)] == [
        *(14, 4, 30)
    ]
    found = measure(chosen, splits, train_task(chosen, splits, tmp_path))
    assert found["accuracy_deployed"] == found["accuracy_zero_temperature"] > 0.6


def test_splits_are_disjoint_and_of_the_seed(corpora: Path) -> None:
    one, again = (SMALL.in_folder(corpora).splits() for _ in range(2))
    other = dataclasses.replace(SMALL, split_seed=1).in_folder(corpora).splits()
    for splits in (one, other):
        parts = (splits.train, splits.validation, splits.test)
        places = np.concatenate([part.spikes.places for part in parts])
        assert np.array_equal(np.sort(places), np.arange(48))
    assert one.train.spikes.digest() == again.train.spikes.digest()
    assert one.test.spikes.digest() == other.test.spikes.digest()
    assert one.train.spikes.digest() != other.train.spikes.digest()


def test_the_first_test_samples_are_of_all_classes_and_speakers(corpora: Path) -> None:
    test = SMALL.in_folder(corpora).splits().test
    speakers = SpokenDigits().open(corpora).speakers
    assert speakers is not None
    heard = [speakers[place] for place in test.spikes.places[:8]]
    assert (len({*test.labels[:8].tolist()}), {*heard}) == (3, {"ann", "bob"})


def test_a_speaker_is_held_out_whole(corpora: Path) -> None:
    held = dataclasses.replace(SMALL, held_out="bob").in_folder(corpora)
    splits = held.splits()
    speakers = SpokenDigits().open(corpora).speakers
    assert speakers is not None
    assert {speakers[place] for place in splits.test.spikes.places} == {"bob"}
    for part in (splits.train, splits.validation):
        assert {speakers[place] for place in part.spikes.places} == {"ann"}
    with pytest.raises(InputError, match="held_out: expected one of ann, bob, found eve"):
        dataclasses.replace(held, held_out="eve").splits()


def test_folds_test_every_recording_once(corpora: Path) -> None:
    tested, rest = [], []
    for fold in range(5):
        splits = dataclasses.replace(SMALL, fold=fold, folds=5).in_folder(corpora).splits()
        tested.append(splits.test.spikes.places)
        rest.append(np.concatenate([splits.train.spikes.places, splits.validation.spikes.places]))
    assert np.array_equal(np.sort(np.concatenate(tested)), np.arange(48))
    assert sorted(map(len, tested)) == [9, 9, 10, 10, 10]
    for test, others in zip(tested, rest, strict=True):
        assert np.array_equal(np.sort(np.concatenate([test, others])), np.arange(48))


@pytest.mark.parametrize("fold", [-1, 5, 0.5, True])
def test_a_fold_is_one_of_them(fold: int) -> None:
    with pytest.raises(InputError, match=r"fold: expected an integer in \[0, 4\]"):
        dataclasses.replace(SMALL, fold=fold, folds=5)
    with pytest.raises(InputError, match="test part: expected a speaker held_out or a fold"):
        dataclasses.replace(SMALL, fold=0, folds=5, held_out="bob")
    with pytest.raises(InputError, match="folds: expected an integer of at least 2"):
        dataclasses.replace(SMALL, folds=1)


def test_a_test_part_is_drawn_where_there_is_none(tmp_path: Path) -> None:
    for label in ("left", "right"):
        for place in range(10):
            path = tmp_path / "data" / label / f"{place}.csv"
            path.parent.mkdir(exist_ok=True, parents=True)
            path.write_text(f"t,x,y,p\n{place},0,0,1\n")
    corpus = OwnRecordings(name="mine", reading=Reading(time_unit="ms", shape=(2, 1, 1)))
    chosen = dataclasses.replace(SMALL, corpus=corpus, data_dir=tmp_path / "data", test_share=0.2)
    splits = chosen.splits()
    assert (len(splits.test.labels), splits.classes) == (4, ("left", "right"))
    with pytest.raises(InputError, match="held_out: expected one of no speakers"):
        dataclasses.replace(chosen, held_out="ann").splits()


def test_training_alone_is_jittered(corpora: Path) -> None:
    chosen = SMALL.in_folder(corpora)
    splits = chosen.splits()
    sources = chosen.sources(splits)
    every = splits.test.spikes[np.arange(30)]
    assert np.array_equal(next(iter(sources.test.ordered(30, 0))).spikes.numpy(), every)
    one, two = (next(sources.train.shuffled(14, 0, epoch)).spikes for epoch in (0, 1))
    assert one.shape == two.shape
    assert one.sum() != two.sum()


def test_a_checkpoint_is_enough_to_make_its_model(corpora: Path, tmp_path: Path) -> None:
    other = dataclasses.replace(SMALL, readout=5, decoder="linear").in_folder(corpora)
    other = other.trained_with(epochs=1, learning_rate=0.002)
    splits = other.splits()
    model = train_task(other, splits, tmp_path)
    chosen, again = trained_model(SMALL, tmp_path / "best.safetensors")
    assert (chosen.readout, chosen.decoder) == (5, "linear")
    assert chosen.training.learning_rate == 0.002
    for name, tensor in model.state_dict().items():
        assert np.array_equal(tensor, again.state_dict()[name])
    assert chosen.bundle(again).notes["dataset"] == "spoken-digits"


@pytest.mark.parametrize("name", ["spoken-digits", "new-voices", "nmnist", "shd", "idx-images"])
def test_tasks_of_ours_read_their_folder(name: str, corpora: Path) -> None:
    chosen = task(name)
    if name == "idx-images":
        chosen = dataclasses.replace(chosen, validation=10)
    splits = chosen.in_folder(corpora).splits()
    shape, heads = chosen.input_shape(splits), chosen.heads_of(splits)
    for source in chosen.sources(splits):
        batch = next(source.shuffled(2, 0, 0))
        assert tuple(batch.spikes.shape) == (2, *shape, chosen.signal.steps)
        assert int(batch.targets["label"].max()) < heads["label"]
    assert chosen.bundle(chosen.model(splits)).notes["task"] == name


def test_labels_are_numbered_in_order() -> None:
    numbers, classes = numbered(["10", "9", "10"], ["a", "b", "c"])
    assert (numbers.tolist(), classes) == ([1, 0, 1], ("9", "10"))
    numbers, classes = numbered(["b", "10"], ["a", "b"])
    assert (numbers.tolist(), classes) == ([1, 0], ("10", "b"))
    with pytest.raises(FileFormatError, match="recording b: expected a label, found none"):
        numbered(["1", None], ["a", "b"])


@pytest.mark.parametrize("field", ["validation_share", "test_share"])
def test_bad_shares_are_refused(field: str) -> None:
    with pytest.raises(InputError, match=rf"{field}: expected in \(0, 1\), found 1"):
        dataclasses.replace(SMALL, **{field: 1})
