"""The command line as a script sees it: exit codes, JSON, files, and one line for a mistake."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import h5py
import numpy as np
import pytest
from typer.testing import CliRunner

import neurodeploy
from neurodeploy.cli import main as cli
from neurodeploy.cost.verdict import microjoules
from neurodeploy.deploy.bundle import Bundle, save_bundle
from neurodeploy.errors import NeurodeployError
from neurodeploy.model.decoder import Decoder, DecoderConfig
from neurodeploy.netx.layers import Dense
from neurodeploy.netx.network import Network
from neurodeploy.netx.neurons import CubaNeuron
from neurodeploy.netx.write import write_network
from neurodeploy.signals.encode import RateEncoding

NEURON = CubaNeuron(current_decay=1024, voltage_decay=512, threshold=60)

RUN_MAIN = "from neurodeploy.cli.main import main; main()"


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    folder = tmp_path_factory.mktemp("cli")
    rng = np.random.default_rng(0)
    layers = [
        Dense(weight=2 * rng.integers(-20, 30, (7, 9)), neuron=NEURON),
        Dense(weight=2 * rng.integers(-20, 30, (4, 7)), neuron=NEURON),
    ]
    write_network(Network(input_shape=(9,), layers=tuple(layers)), folder / "small.net")
    np.save(folder / "in.npy", (rng.random((3, 9, 20)) < 0.3).astype(np.uint8))
    return folder / "small.net", folder / "in.npy"


def call(*arguments: str | Path) -> tuple[int, str]:
    result = CliRunner().invoke(cli.app, [str(a) for a in arguments])
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result.exit_code, result.stdout


def test_simulate_writes_spikes_aligned_with_the_input(
    files: tuple[Path, Path], tmp_path: Path
) -> None:
    output = tmp_path / "out.npy"
    code, text = call(
        "simulate", files[0], "--input", files[1], "--output", output, "--engine", "lava", "--json"
    )
    spikes, report = np.load(output), json.loads(text)
    assert code == 0
    assert spikes.shape == (3, 4, 20)
    assert spikes.dtype == np.uint8
    assert spikes.sum() == report["layers"][1]["output_spikes"] > 0
    assert (report["samples"], report["steps"]) == (3, 20)
    assert not spikes[..., :2].any()  # two layers of latency


def test_so_many_samples_of_a_file_at_most(files: tuple[Path, Path], tmp_path: Path) -> None:
    options = ("--input", files[1], "--output", tmp_path / "out.npy", "--json")
    assert json.loads(call("simulate", files[0], *options)[1])["samples"] == 3
    assert json.loads(call("simulate", files[0], *options, "--samples", "2")[1])["samples"] == 2
    assert len(np.load(tmp_path / "out.npy")) == 2


def test_verify_says_exact(files: tuple[Path, Path]) -> None:
    code, text = call("verify", files[0], "--input", files[1], "--json")
    report = json.loads(text)
    assert code == 0
    assert report["exact"] is True
    assert [layer["differing"] for layer in report["layers"]] == [0] * len(report["layers"])
    assert report["layers"][0]["spikes"] > 0


def test_verify_exits_1_unless_spikes_were_compared_and_are_equal(
    files: tuple[Path, Path], tmp_path: Path
) -> None:
    output, silent = tmp_path / "out.npy", tmp_path / "silent.npy"
    call("simulate", files[0], "--input", files[1], "--output", output)
    arguments = ("verify", files[0], "--input", files[1], "--engine", "native")
    code, text = call(*arguments, "--against", output, "--json")
    report = json.loads(text)
    assert (code, report["exact"]) == (0, True)
    assert report["compared_spikes"] == np.load(output).sum() > 0
    assert report["compared"].startswith("native against the output spikes that were given, in 1-")

    late = np.roll(np.load(output), 1, axis=-1)
    late[..., 0] = 0
    np.save(output, late)
    code, text = call(*arguments, "--against", output, "--json")
    assert code == 1
    assert json.loads(text)["layers"][0]["shift_steps"] == -1
    assert "Not exact: native against" in call(*arguments, "--against", output)[1]

    np.save(silent, np.zeros((1, 9, 20), np.uint8))
    code, text = call("verify", files[0], "--input", silent, "--engine", "native", "--json")
    assert code == 1
    assert json.loads(text)["compared"].endswith("no spike occurred, which shows nothing.")


def test_inspect_json(files: tuple[Path, Path]) -> None:
    code, text = call("inspect", files[0], "--json")
    report = json.loads(text)
    assert code == 0
    assert report["input_shape"] == [9]
    assert [layer["synapses"] for layer in report["layers"]] == [63, 28]
    assert report["findings"] == []


def test_energy_json_has_the_agreed_keys(files: tuple[Path, Path]) -> None:
    code, text = call("energy", files[0], "--input", files[1], "--json")
    report = json.loads(text)
    assert code == 0
    assert set(report) >= {"layers", "samples", "steps", "proxies"}
    assert set(report["layers"][0]) >= {
        *("name", "input_spikes", "output_spikes", "synops", "effective_synops"),
        *("neuron_updates", "macs"),
    }
    assert report["layers"][0]["synops"] == 7 * report["layers"][0]["input_spikes"]
    loihi = report["proxies"]["loihi"]
    assert loihi["energy_j"] == pytest.approx(3 * loihi["per_sample_j"])
    assert sum(loihi["causes"].values()) == pytest.approx(loihi["energy_j"])
    assert report["traffic"] is None
    assert report["answer"]["seconds"] is None
    assert "membrane_updates" not in report["layers"][0]


def test_energy_with_a_chip_a_step_time_and_membrane_updates(files: tuple[Path, Path]) -> None:
    arguments = ("energy", files[0], "--input", files[1], "--chip", "loihi1", "--step-time", "1e-5")
    code, text = call(*arguments, "--membrane-updates", "--json")
    report = json.loads(text)
    assert code == 0
    assert report["traffic"] == {"chip": "loihi1", "cores": 1, "hops_per_sample": 0.0}
    assert report["proxies"]["loihi"]["causes"]["traffic"] == 0.0
    assert report["answer"]["steps"] == 22
    assert report["answer"]["seconds"] == pytest.approx(22e-5)
    for layer in report["layers"]:
        assert 0 < layer["membrane_updates"] <= layer["neuron_updates"]
    text = " ".join(call(*arguments)[1].split())
    assert "20 + 2 = 22 steps, 0.00022 s." in text
    assert "0 hops a sample" in text
    assert "0.00 (loihi1)" in text
    both = microjoules(report["latency"]["loihi"]["with_proxy_j"])
    assert f" uJ a sample, {both} uJ with its proxy." in text
    assert "stands alone: no energy of an operation of loihi2 is published." in text
    with pytest.raises(NeurodeployError, match="step time: expected seconds, more than 0"):
        call("energy", files[0], "--input", files[1], "--step-time", "0")


def test_energy_has_a_measurement_beside_the_proxies(
    files: tuple[Path, Path], tmp_path: Path
) -> None:
    board = tmp_path / "measured.toml"
    head = '[board]\nchip = "loihi1"\nsource = "a [test]"\nsamples = 3\nsteps_per_sample = '
    board.write_text(f"{head}20\nstep_s = 2e-6\n")
    arguments = ("energy", files[0], "--input", files[1], "--measured", board)
    report = json.loads(call(*arguments, "--json")[1])
    row = next(row for row in report["measured"]["board"]["compared"] if row["device"] == "loihi")
    assert row["ratio"] == pytest.approx(report["latency"]["loihi"]["step_s"] / 2e-6)
    text = call(*arguments)[1]
    assert "measured: board, 3 samples on loihi1" in text
    assert "Source of board: a [test]" in text
    board.write_text(f"{head}21\nstep_s = 2e-6\n")
    with pytest.raises(NeurodeployError, match="steps_per_sample: expected 20"):
        call(*arguments)
    with pytest.raises(NeurodeployError, match=r"file of measurements .*no such file"):
        call("energy", files[0], "--input", files[1], "--measured", tmp_path / "none.toml")


def test_energy_of_a_bundle_on_test_images_of_a_task(tmp_path: Path) -> None:
    layers = (Dense(weight=2 * np.random.default_rng(2).integers(-9, 9, (5, 64)), neuron=NEURON),)
    config = DecoderConfig(kind="linear", neurons=5, window_steps=7, heads={"label": 3})
    bundle = Bundle(
        network=Network(input_shape=(64,), layers=layers),
        decoder=Decoder(config),
        encoding=RateEncoding(steps=7),
    )
    save_bundle(bundle, tmp_path / "bundle")
    arguments = ("energy", tmp_path / "bundle", "--data", "digits", "--samples", "4")
    report = json.loads(call(*arguments, "--json")[1])
    assert (report["samples"], report["steps"]) == (4, 7)  # of the bundle; the task has 16
    assert report["layers"][0]["input_spikes"] > 0
    host = report["host"]
    assert host["macs_per_sample"] == 5 * 7 * 3
    assert host["footprint_bytes"] == 4 * (5 * 7 * 3 + 3)
    assert report["ann"]["dense_macs"] == 64 * 5 + 5 * 3
    other = json.loads(call(*arguments, "--seed", "2", "--json")[1])
    assert other["layers"][0]["input_spikes"] != report["layers"][0]["input_spikes"]
    text = call(*arguments)[1]
    for part in ("energy proxy", "by layer", "equal ANN", "Break-even", "Decoder: 105 MACs"):
        assert part in text
    np.save(tmp_path / "in.npy", np.zeros((1, 64, 7), np.uint8))
    both = ("--input", tmp_path / "in.npy", "--data", "digits")
    for given, found in (((), "neither"), (both, "both")):
        with pytest.raises(NeurodeployError, match=f"--input and --data: .*found {found}"):
            call("energy", tmp_path / "bundle", *given)
    with pytest.raises(NeurodeployError, match=r"one of digits, .*, or package"):
        call("energy", tmp_path / "bundle", "--data", "imagenet")


def test_fit_says_cores_and_exits_1_where_a_network_does_not_fit(
    files: tuple[Path, Path], tmp_path: Path
) -> None:
    arguments = ("fit", files[0], "--chip", "loihi1", "--input", files[1])
    code, text = call(*arguments, "--json")
    report = json.loads(text)
    assert code == 0
    assert (report["fits"], report["cores"], report["bound"]) == (True, 1, 1)
    assert [layer["compartments"] for layer in report["layers"]] == [7, 4]
    assert report["traffic"]["basis"] == "mean of a sample of the run"
    assert report["traffic"]["input_messages"] == np.load(files[1]).sum() / 3
    code, text = call(*arguments)
    assert code == 0
    assert "It fits; all that was counted is published." in text
    assert "1 core, 128 a chip; layers may share a core" in text
    assert "No packing can take fewer than 1." in text

    table = (Path(neurodeploy.__file__).parent / "hardware/chips.toml").read_text(encoding="utf-8")
    tiny = table.split("[loihi2]")[0].replace("[loihi1", "[tiny").replace("1024,", "4,")
    own = tmp_path / "own.toml"
    own.write_text(tiny.replace("value = 128,", "value = 2,"))
    code, text = call("fit", files[0], "--chip", "tiny", "--chips", own)
    assert code == 1
    assert "neurons: at least 1.38 times what a chip has." in text
    assert "split over 2 chips" in text
    assert "It does not fit on one chip;" in text
    with pytest.raises(
        NeurodeployError, match="expected one of loihi1, loihi2, loihi2-2022, loihi2-2023"
    ):
        call("fit", files[0], "--chip", "big")


def test_human_output_of_every_report(files: tuple[Path, Path], tmp_path: Path) -> None:
    assert "small.net" in call("inspect", files[0])[1]
    assert (
        "Exact: lava and native against SLAYER's arithmetic"
        in call("verify", files[0], "--input", files[1])[1]
    )
    assert "Not a measurement" in call("energy", files[0], "--input", files[1])[1]
    code, text = call("simulate", files[0], "--input", files[1], "--output", tmp_path / "o.npy")
    assert code == 0
    assert "o.npy" in text.replace("\n", "")
    code, text = call("doctor", "--json")
    assert code == 0
    assert {"python", "slayer", "loihi"} <= {check["name"] for check in json.loads(text)["checks"]}


def bad_inputs(folder: Path) -> dict[str, tuple[Path, str]]:
    shape = folder / "shape.npy"
    np.save(shape, np.zeros((2, 8, 5), np.uint8))
    nan = folder / "nan.npy"
    np.save(nan, np.full((2, 9, 5), np.nan))
    two = folder / "two.npy"
    np.save(two, np.full((2, 9, 5), 2))
    cut = folder / "cut.npy"
    cut.write_bytes(shape.read_bytes()[:90])
    pickled = folder / "pickled.npy"
    np.save(pickled, np.array([{"a": 1}], dtype=object), allow_pickle=True)
    return {
        "wrong shape": (shape, "9, time"),
        "NaN": (nan, "NaN"),
        "not binary": (two, "2"),
        "truncated": (cut, "cut.npy"),
        "missing": (folder / "none.npy", "no such file"),
        "pickled": (pickled, "pickled.npy"),
    }


@pytest.mark.parametrize(
    "name", ["wrong shape", "NaN", "not binary", "truncated", "missing", "pickled"]
)
def test_bad_input_is_one_error_and_no_output(
    name: str, files: tuple[Path, Path], tmp_path: Path
) -> None:
    path, said = bad_inputs(tmp_path)[name]
    output = tmp_path / "out.npy"
    with pytest.raises(NeurodeployError) as caught:
        call("simulate", files[0], "--input", path, "--output", output)
    assert said in str(caught.value)
    assert not output.exists()


def test_unwritable_output_is_an_error(files: tuple[Path, Path], tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(NeurodeployError, match="a folder that can be written"):
        call("simulate", files[0], "--input", files[1], "--output", tmp_path / "file" / "out.npy")


def test_unknown_engine_and_task(files: tuple[Path, Path], tmp_path: Path) -> None:
    with pytest.raises(NeurodeployError, match="one of lava, loihi, native, slayer, or package"):
        call(
            "simulate", files[0], "--input", files[1], "--output", tmp_path / "o.npy",
            "--engine", "abacus",
        )  # fmt: skip
    with pytest.raises(NeurodeployError, match=r"one of digits, .*, or package"):
        call("train", "imagenet")


def test_a_process_exits_2_with_one_line_and_no_traceback(tmp_path: Path) -> None:
    result = subprocess.run(
        [
            sys.executable,
            "-c",
            "from neurodeploy.cli.main import main; main()",
            "inspect",
            "none.net",
        ],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        check=False,
    )
    assert result.returncode == 2
    assert result.stdout == ""
    assert result.stderr.startswith("error: network none.net: expected an existing file")
    assert result.stderr.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


def test_another_python_is_refused(monkeypatch: pytest.MonkeyPatch, capsys: object) -> None:
    monkeypatch.setattr(cli, "python_problem", lambda: "Python: expected 3.10, found 3.12")
    with pytest.raises(SystemExit) as caught:
        cli.main(lambda: pytest.fail("ran on"))
    assert caught.value.code == 2


def test_training_into_a_place_that_cannot_be_written_stops_at_once(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    for command in ("train", "demo"):
        task = ["digits"] if command == "train" else ["--task", "digits"]
        with pytest.raises(NeurodeployError, match="a folder that can be written"):
            call(command, *task, "--out", tmp_path / "file" / "sub")
    assert (tmp_path / "file").read_text() == "x"


def test_a_network_without_layers_is_named(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "empty.net", "w") as file:
        file.create_group("layer")
    with pytest.raises(NeurodeployError, match=r"empty\.net, layer: expected at least one layer"):
        call("inspect", tmp_path / "empty.net")


def test_stream_prints_answers_as_they_form(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    config = DecoderConfig(kind="linear", neurons=4, window_steps=6, heads={"label": 3})
    bundle = Bundle(
        network=Network(
            input_shape=(9,),
            layers=(Dense(weight=2 * rng.integers(-20, 40, (4, 9)), neuron=NEURON),),
        ),
        decoder=Decoder(config),
        encoding=RateEncoding(steps=6),
    )
    save_bundle(bundle, tmp_path / "bundle")
    np.save(tmp_path / "in.npy", (rng.random((2, 9, 6)) < 0.4).astype(np.uint8))
    arguments = ("stream", tmp_path / "bundle", "--input", tmp_path / "in.npy")
    code, text = call(*arguments, "--every", "4", "--json")
    answers = [json.loads(line) for line in text.splitlines()]
    assert code == 0
    assert [(a["sample"], a["step"]) for a in answers] == [(0, 3), (0, 5), (1, 3), (1, 5)]
    assert [len(a["logits"]["label"]) for a in answers] == [3] * 4
    lines = call(*arguments)[1].splitlines()
    assert len(lines) == 12
    top = int(np.argmax(answers[-1]["logits"]["label"]))
    assert lines[-1].endswith(f"label {top}")
