"""Images, sound and spike trains of files, and which reader a file needs."""

from __future__ import annotations

import gzip
import json
import os
import shutil
import struct
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import h5py
import numpy as np
import pytest
from scipy.io import wavfile
from typer.testing import CliRunner

from neurodeploy.cli import main as cli
from neurodeploy.errors import FileFormatError, InputError, NeurodeployError
from neurodeploy.signals.encode import LevelEncoding
from neurodeploy.signals.recordings import Grid
from neurodeploy.signals.sound import Hearing
from neurodeploy.signals.sources.find import Reading, open_source
from neurodeploy.signals.sources.images import Images, read_idx
from neurodeploy.signals.sources.sounds import read_wav
from neurodeploy.signals.sources.spike_trains import SpikeTrains
from neurodeploy.signals.sources.vendors import vendor_format

RNG = np.random.default_rng(2)
GREY = RNG.integers(0, 256, (3, 5, 4), np.uint8)
LABELS = np.array([7, 0, 3], np.uint8)


def idx(array: np.ndarray) -> bytes:
    head = bytes([0, 0, 8, array.ndim]) + struct.pack(f">{array.ndim}I", *array.shape)
    return head + array.tobytes()


def run(*typed: object) -> tuple[int, str]:
    result = CliRunner().invoke(cli.app, [str(word) for word in typed])
    if isinstance(result.exception, NeurodeployError):
        return 2, str(result.exception)
    return result.exit_code, result.stdout


@pytest.mark.parametrize("packed", [False, True])
def test_images_and_the_labels_beside_them(packed: bool, tmp_path: Path) -> None:
    pack: Callable[[bytes], bytes] = gzip.compress if packed else bytes
    path = tmp_path / "train-images-idx3-ubyte"
    path.write_bytes(pack(idx(GREY)))
    path.with_name("train-labels-idx1-ubyte").write_bytes(pack(idx(LABELS)))
    images = Images(path, LevelEncoding(steps=10, levels=5), seed=0)
    assert images.labels == ["7", "0", "3"]
    for image, grey in zip(images.read(range(3)), GREY, strict=True):
        spikes = image.encode(Grid(steps=10)).spikes
        np.testing.assert_array_equal(spikes.sum(-1)[0], np.rint(grey.astype(np.float32) / 255 * 5))


@pytest.mark.parametrize(
    "damaged",
    [
        idx(GREY)[:-1],
        idx(GREY) + b"\0",
        idx(GREY)[:9],
        b"\0\0\x0d\x03" + idx(GREY)[4:],
        bytes([0, 0, 8, 3]) + b"\xff" * 12,
        gzip.compress(idx(GREY), mtime=0)[:-9],  # a test's name is made of it
        b"",
    ],
)
def test_a_damaged_file_of_images_is_refused(damaged: bytes, tmp_path: Path) -> None:
    path = tmp_path / "images"
    path.write_bytes(damaged)
    with pytest.raises(FileFormatError, match="images"):
        read_idx(path)


@pytest.mark.parametrize("dtype", [np.int16, np.int32, np.uint8, np.float32])
def test_sound_is_the_same_in_every_type_of_sample(dtype: type, tmp_path: Path) -> None:
    wave = np.sin(2 * np.pi * 500 * np.arange(4000) / 8000) / 2
    scale = {np.int16: 1 << 15, np.int32: 1 << 31, np.uint8: 1 << 7, np.float32: 1}[dtype]
    written = (wave * scale + (128 if dtype is np.uint8 else 0)).astype(dtype)
    wavfile.write(tmp_path / "a.wav", 8000, np.stack([written, written], 1))
    sound = read_wav(tmp_path / "a.wav", Hearing())
    np.testing.assert_allclose(sound.samples, wave, atol=1 / 128)
    made = sound.encode(Grid(steps=60, dt_s=1e-2))
    assert made.spikes.shape == (64, 60)
    assert not made.spikes[:, 50:].any()
    assert made.events == made.spikes.sum() > 100


@pytest.mark.parametrize(
    "damaged",
    [
        b"RIFF\x10\0\0\0WAVE",
        b"RIFF\x10\0\0\0WAVEfmt \x10\0\0\0",
        b"RIFF\x10\0\0\0WAVELIST\x04\0\0\0abcd",
        b"",
    ],
)
def test_damaged_sound_is_refused(damaged: bytes, tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    path.write_bytes(damaged)
    with pytest.raises(FileFormatError, match=r"sound .*a\.wav"):
        read_wav(path, Hearing())


def test_sound_that_was_cut_off_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    wavfile.write(path, 8000, np.zeros(4000, np.int16))
    path.write_bytes(path.read_bytes()[:200])
    with pytest.raises(FileFormatError, match=r"expected a whole WAV file, found Reached EOF"):
        read_wav(path, Hearing())


def write_trains(path: Path, units: list[list[int]], times: list[list[float]]) -> None:
    with h5py.File(path, "w") as file:
        for name, rows, kind in (("units", units, "u2"), ("times", times, "f4")):
            ragged = file.create_dataset(
                f"spikes/{name}", (len(rows),), dtype=h5py.vlen_dtype(np.dtype(kind))
            )
            for place, row in enumerate(rows):
                ragged[place] = np.array(row, kind)
        file["labels"] = np.arange(len(units), dtype="u2")


def test_spike_trains_are_read_one_by_one(tmp_path: Path) -> None:
    path = tmp_path / "a.h5"
    write_trains(path, [[3, 699, 3], []], [[0.0005, 0.0031, 0.0009], []])
    trains = SpikeTrains(path)
    first, second = trains.read([0, 1])
    made = first.encode(Grid(steps=5, dt_s=1e-3))
    assert [tuple(map(int, place)) for place in np.argwhere(made.spikes)] == [(3, 0), (699, 3)]
    assert (made.spikes.shape, made.merged, second.units.size) == ((700, 5), 1, 0)
    assert trains.labels == ["0", "1"]
    write_trains(path, [[700]], [[0.1]])
    with pytest.raises(FileFormatError, match="recording 0: expected channels 0 to 699, found 700"):
        SpikeTrains(path)
    write_trains(path, [[1]], [[float("nan")]])
    with pytest.raises(FileFormatError, match="seconds, 0 or more"):
        SpikeTrains(path)
    with h5py.File(path, "w") as file:
        file["labels"] = np.arange(3)
    with pytest.raises(FileFormatError, match="as SHD and SSC have them, found no such field"):
        SpikeTrains(path)


@pytest.mark.parametrize(
    ("head", "found"),
    [
        (b"#!AER-DAT2.0\r\n# This", "AEDAT 2"),
        (b"#!AER-DAT3.1\r\n", "AEDAT 3.1"),
        (b"#!AER-DAT4.0\r\n", "AEDAT 4"),
        (b"% date 2020\n% evt 3.0\n", "EVT3"),
        (b"% format EVT2;height=720;width=1280\n% end\n", "EVT2"),
        (b"% plain text", None),
        (b"RIFF", None),
    ],
)
def test_vendors_files_are_known_by_their_beginning(head: bytes, found: str | None) -> None:
    assert vendor_format(head) == found


def nmnist(path: Path, events: int) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(bytes(RNG.integers(0, 34, (events, 5), np.uint8)))


def test_a_folder_is_encoded_with_the_labels_of_its_folders(tmp_path: Path) -> None:
    for place, label in enumerate("0011"):
        nmnist(tmp_path / "Test" / label / f"{place}.bin", 30)
    (tmp_path / "Test" / "README.txt").write_text("what is here")
    output, labels = tmp_path / "x.npy", tmp_path / "y.npy"
    code, text = run(
        *("encode", tmp_path / "Test", output, "--steps", 300, "--dt", "1e-2"),
        *("--labels", labels, "--json"),
    )
    assert code == 0
    report = json.loads(text)
    spikes = np.load(output)
    assert list(spikes.shape) == report["shape"] == [4, 2, 34, 34, 300]
    assert report["spikes"] == spikes.sum() == report["events"] - report["merged"] - report["cut"]
    np.testing.assert_array_equal(np.load(labels), [0, 0, 1, 1])


def test_sounds_are_labelled_by_their_names(tmp_path: Path) -> None:
    for name in ("3_s1_0.wav", "7_s2_0.wav"):
        wavfile.write(tmp_path / name, 8000, RNG.integers(-9000, 9000, 2000, np.int16))
    source = open_source(tmp_path, Reading(), 20)
    assert source.labels == ["3", "7"]


def test_no_output_takes_the_place_of_what_is_not_its_own(tmp_path: Path) -> None:
    nmnist(tmp_path / "3" / "a.bin", 20)
    nmnist(tmp_path / "4" / "a.bin", 20)
    source, grid = tmp_path / "3" / "a.bin", ("--steps", "3", "--dt", "1e-3")
    before = source.read_bytes()
    pipe, spikes = tmp_path / "pipe", tmp_path / "x.npy"
    os.mkfifo(pipe)
    for typed, said in (
        ((source, source), "expected a file of its own"),
        ((source, pipe), "found a device or a pipe"),
        ((tmp_path, spikes, "--labels", spikes), "expected a file of its own"),
        ((source, spikes, "--labels", source), "expected a file of its own"),
    ):
        code, error = run("encode", *typed, *grid)
        assert code == 2
        assert said in error
    assert source.read_bytes() == before
    assert pipe.is_fifo()
    assert not spikes.exists()


def test_tables_are_known_by_large_endings_too_and_with_a_byte_order_mark(tmp_path: Path) -> None:
    path = tmp_path / "A.CSV"
    path.write_text("t,x,y,p\n0,1,2,1\n", encoding="utf-8-sig")
    code, said = run(
        "encode", path, tmp_path / "x.npy", "--steps", 3, "--dt", 1e-3, "--time-unit", "s"
    )
    assert code == 0
    assert "1 spikes of 1 events" in said


def test_a_sound_that_is_too_slow_is_named(tmp_path: Path) -> None:
    wavfile.write(tmp_path / "slow.wav", 4000, RNG.integers(-9000, 9000, 2000, np.int16))
    with pytest.raises(InputError, match=r"sound .*slow\.wav: expected more than 7200 samples"):
        read_wav(tmp_path / "slow.wav", Hearing())


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        (("gone", "--steps", "3"), "no such file"),
        (("empty", "--steps", "3"), "a folder without any"),
        (("a.txt", "--steps", "3"), "expected events (N-MNIST"),
        (("mixed", "--steps", "3", "--dt", "1e-3"), "of one kind"),
        (("a.bin", "--steps", "3"), "--dt: expected seconds of a step, found none"),
        (("a.bin", "--steps", "3", "--dt", "1e-3", "--shape", "2,3,4"), "x from 0 to 3"),
        (
            ("a.bin", "--steps", "3", "--dt", "1e-3", "--labels", "{tmp}/y.npy"),
            "--labels: expected",
        ),
        (("a.bin", "--steps", "3", "--dt", "1e-3", "--time-unit", "sec"), "--time-unit"),
        (("a.bin", "--steps", "3", "--dt", "1e-3", "--start", "last"), "--start: expected one of"),
        (("a.bin", "--steps", "90000000", "--dt", "1e-3"), "at most 34359738368 bytes"),
    ],
)
def test_what_is_refused_leaves_no_file(typed: tuple[str, ...], said: str, tmp_path: Path) -> None:
    inputs = tmp_path / "in"
    nmnist(inputs / "a.bin", 20)
    nmnist(inputs / "mixed" / "a.bin", 20)
    (inputs / "mixed" / "b.csv").write_text("t,x,y,p\n0,1,2,1\n")
    (inputs / "empty").mkdir()
    (inputs / "a.txt").write_text("text")
    source, *options = typed
    options = [word.format(tmp=tmp_path) for word in options]
    code, error = run("encode", inputs / source, tmp_path / "x.npy", *options)
    assert code == 2
    assert said in error
    assert [path.name for path in tmp_path.iterdir()] == ["in"]


def test_recordings_of_other_sizes_need_a_shape(tmp_path: Path) -> None:
    for name, x in (("a", 3), ("b", 5)):
        (tmp_path / "in").mkdir(exist_ok=True)
        (tmp_path / "in" / f"{name}.csv").write_text(f"t,x,y,p\n0,{x},2,1\n")
    given = (
        "encode",
        tmp_path / "in",
        tmp_path / "x.npy",
        "--steps",
        2,
        "--dt",
        1,
        "--time-unit",
        "s",
    )
    code, error = run(*given)
    assert (code, "--shape C,H,W" in error) == (2, True)
    assert run(*given, "--shape", "2,4,8")[0] == 0
    assert np.load(tmp_path / "x.npy").shape == (2, 2, 4, 8, 2)


def test_what_the_grid_and_the_shape_leave_out_is_said(tmp_path: Path) -> None:
    events = tmp_path / "a.csv"
    events.write_text("t,x,y,p\n0,3,2,1\n2500,1,1,0\n6999,0,0,1\n")
    given = ("encode", events, tmp_path / "x.npy", "--dt", "1e-3", "--time-unit", "us")
    code, text = run(*given, "--steps", 2)
    assert code == 0
    assert "2 after the last step; --steps 7 holds all; shape 2,3,4 taken from the largest" in text
    report = json.loads(run(*given, "--steps", 6, "--json")[1])
    assert (report["cut"], report["steps_of_all"], report["shape_guessed"]) == (1, 7, True)
    text = run(*given, "--steps", 7, "--shape", "2,3,4")[1]
    assert "3 spikes of 3 events" in text
    assert "--" not in text
    assert np.load(tmp_path / "x.npy").sum() == 3


def test_a_folder_of_one_file_of_images_is_that_file(tmp_path: Path) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    (folder / "t10k-images-idx3-ubyte").write_bytes(idx(GREY))
    (folder / "t10k-labels-idx1-ubyte").write_bytes(idx(LABELS))
    assert run("encode", folder, tmp_path / "x.npy", "--steps", 8)[0] == 0
    assert np.load(tmp_path / "x.npy").shape == (3, 1, 5, 4, 8)
    (folder / "train-images-idx3-ubyte").write_bytes(idx(GREY))
    code, error = run("encode", folder, tmp_path / "x.npy", "--steps", 8)
    assert (code, "t10k-images-idx3-ubyte (images), train-images" in error) == (2, True)


def test_what_failed_leaves_no_folder(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("t,x,y,p\n0,3,2,9\n")
    new = tmp_path / "new" / "folder" / "x.npy"
    given = ("--steps", 8, "--dt", 1, "--time-unit", "s")
    assert run("encode", tmp_path / "a.csv", new, *given)[0] == 2
    assert [path.name for path in tmp_path.iterdir()] == ["a.csv"]


def test_what_does_not_fit_the_files_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    events = tmp_path / "a.csv"
    events.write_text("t,x,y,p\n0,3,2,1\n2500,1,1,0\n6999,0,0,1\n")
    given = ("encode", events, tmp_path / "x.npy", "--dt", "1e-3", "--steps", 9)
    text = run(*given, "--time-unit", "ns")[1]
    assert "3 spikes of 3 events, all in the first step, look at --time-unit, --dt" in text
    assert "first step" not in run(*given, "--time-unit", "us")[1]
    nmnist(tmp_path / "a.bin", 9)
    given = ("encode", tmp_path / "a.bin", tmp_path / "x.npy", "--dt", "1e-3", "--steps", 400)
    for option, value, unused in (("--time-unit", "us", True), ("--shape", "2,34,34", False)):
        typed = [str(word) for word in (*given, option, value)]
        result = CliRunner().invoke(cli.app, typed)
        assert result.exit_code == 0
        assert (f"{option} says nothing of N-MNIST events" in result.stderr) == unused
    code, error = run("encode", tmp_path / "a.bin", "-", "--dt", "1e-3", "--steps", 9)
    assert (code, "output -: expected the name of a file" in error) == (2, True)
    (tmp_path / "x.npy").unlink()
    monkeypatch.setattr(shutil, "disk_usage", lambda path: SimpleNamespace(free=3))
    code, error = run(*given)
    assert (code, "expected at most 3 bytes, which are free" in error) == (2, True)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.bin", "a.csv"]


@pytest.mark.parametrize("kind", ["a.wav", "a.bin"])
def test_so_many_steps_hold_all(kind: str, tmp_path: Path) -> None:
    nmnist(tmp_path / "a.bin", 9)
    wavfile.write(tmp_path / "a.wav", 8000, RNG.integers(-9000, 9000, 2000, np.int16))
    given = ("encode", tmp_path / kind, tmp_path / "x.npy", "--dt", "1e-2", "--json", "--steps")
    found = json.loads(run(*given, 1)[1])
    assert found["cut"] > 0
    assert not found["shape_guessed"]
    needed = found["steps_of_all"]
    assert json.loads(run(*given, needed)[1])["cut"] == 0
    assert json.loads(run(*given, needed - 1)[1])["cut"] > 0


def test_images_are_encoded_as_a_task_does(tmp_path: Path) -> None:
    path = tmp_path / "a-images-idx3-ubyte"
    path.write_bytes(idx(GREY))
    assert run("encode", path, tmp_path / "x.npy", "--steps", 30, "--task", "mnist")[0] == 0
    assert np.load(tmp_path / "x.npy").shape == (3, 1, 5, 4, 30)
    with pytest.raises(InputError, match="steps"):
        open_source(path, Reading(encoding=LevelEncoding(steps=7, levels=3)), 20)


@pytest.mark.parametrize("pack", [bytes, lambda whole: gzip.compress(whole, mtime=0)])
def test_images_that_promise_more_than_there_is_take_no_memory_for_it(
    pack: Callable[[bytes], bytes], tmp_path: Path
) -> None:
    head = bytes([0, 0, 8, 3]) + b"".join(n.to_bytes(4, "big") for n in (4096, 1024, 1023))
    (tmp_path / "a.idx").write_bytes(pack(head + bytes(60)))
    tracemalloc.start()
    with pytest.raises(FileFormatError, match="4290772992 values"):
        read_idx(tmp_path / "a.idx")
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 1 << 24


def test_images_without_a_pixel_are_refused(tmp_path: Path) -> None:
    sizes = (0xFFFFFF, 28, 0)
    head = bytes([0, 0, 8, 3]) + b"".join(n.to_bytes(4, "big") for n in sizes)
    (tmp_path / "a.idx").write_bytes(head)
    with pytest.raises(FileFormatError, match="1 to 4294967296 values, found 0"):
        read_idx(tmp_path / "a.idx")
