"""Each corpus has its official parts, its labels and its speakers."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from neurodeploy.errors import FileFormatError, InputError
from neurodeploy.signals.corpora.corpus import Corpus
from neurodeploy.signals.corpora.nmnist import NMnist
from neurodeploy.signals.corpora.own import OwnRecordings
from neurodeploy.signals.corpora.spiking_digits import SpikingDigits
from neurodeploy.signals.corpora.spoken_digits import SpokenDigits
from neurodeploy.signals.recordings import Grid, binned
from neurodeploy.signals.sources.find import Reading


@pytest.mark.parametrize(
    ("corpus", "recordings", "tested", "features"),
    [
        (SpokenDigits(), 48, 30, (64,)),
        (NMnist(), 32, 8, (2, 34, 34)),
        (SpikingDigits(), 26, 6, (700,)),
    ],
)
def test_a_corpus_says_what_is_in_it(
    corpus: Corpus, recordings: int, tested: int, features: tuple[int, ...], corpora: Path
) -> None:
    opened = corpus.open(corpora)
    assert len(opened.recordings.names) == len(opened.recordings.labels) == recordings
    assert opened.test is not None
    assert (opened.test.shape, int(opened.test.sum())) == ((recordings,), tested)
    spikes = binned(opened.recordings, [0, recordings - 1], Grid(steps=9, dt_s=0.02))
    assert spikes.shape == (2, *features, 9)
    assert spikes.any((1, 2) if len(features) == 1 else (1, 2, 3, 4)).all()
    assert opened.recordings.identity == corpus.open(corpora).recordings.identity


def test_the_first_five_takes_of_a_spoken_digit_are_for_the_test(corpora: Path) -> None:
    opened = SpokenDigits().open(corpora)
    assert opened.test is not None
    assert opened.speakers is not None
    place = opened.recordings.names.index("2_bob_4.wav")
    assert (opened.test[place], opened.recordings.labels[place]) == (True, "2")
    assert opened.speakers[place] == "bob"
    assert not opened.test[opened.recordings.names.index("2_bob_5.wav")]


def test_events_of_the_test_part_alone_will_do(corpora: Path, tmp_path: Path) -> None:
    (tmp_path / "nmnist").symlink_to(tmp_path / "alone")
    (tmp_path / "alone").mkdir()
    (tmp_path / "alone" / "Test").symlink_to(corpora / "nmnist" / "Test")
    opened = NMnist().open(tmp_path)
    assert opened.test is not None
    assert (len(opened.recordings.names), opened.test.all()) == (8, True)


def test_speakers_of_spiking_digits_are_those_of_the_file(corpora: Path) -> None:
    speakers = SpikingDigits().open(corpora).speakers
    assert speakers is not None
    assert [*speakers[:5], speakers[20]] == ["0", "1", "2", "3", "0", "0"]


def test_a_file_of_another_name_is_refused(tmp_path: Path, corpora: Path) -> None:
    for name in ("0_ann_1.wav", "0_ann.wav"):
        (tmp_path / name).write_bytes((corpora / "fsdd" / "0_ann_0.wav").read_bytes())
    with pytest.raises(
        FileFormatError, match=r"expected DIGIT_SPEAKER_TAKE\.wav, found 0_ann\.wav"
    ):
        SpokenDigits().open(tmp_path)


def write_table(path: Path, x: int) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"t,x,y,p\n1,{x},0,1\n")


def test_own_recordings_are_labelled_by_folders(tmp_path: Path) -> None:
    corpus = OwnRecordings(name="mine", reading=Reading(time_unit="ms", shape=(2, 1, 3)))
    for place, name in enumerate(("train/left/a.csv", "train/right/a.csv", "test/right/b.csv")):
        write_table(tmp_path / "parts" / name, place)
        write_table(tmp_path / "whole" / Path(name).parent.name / f"{place}.csv", place)
    opened = corpus.open(tmp_path / "parts")
    assert opened.test is not None
    assert opened.test.tolist() == [True, False, False]
    assert opened.recordings.labels == ["right", "left", "right"]
    spikes = binned(opened.recordings, [0, 1], Grid(steps=2, dt_s=1e-3))
    assert np.argwhere(spikes)[:, 3].tolist() == [2, 0]
    whole = corpus.open(tmp_path / "whole")
    assert (whole.test, whole.recordings.labels) == (None, ["left", "right", "right"])
    with pytest.raises(InputError, match="data, mine: expected a folder, found none named"):
        corpus.open(None)
