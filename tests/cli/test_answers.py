"""What is wrong with a command line is said before anything that takes long is imported."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pytest

HEAVY = (
    *("torch", "lava", "numba", "numpy", "scipy", "sklearn", "mlxtend", "matplotlib"),
    *("h5py", "optuna", "safetensors", "distributed"),
)

FORBID = f"""
import sys

class Forbidden:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {HEAVY!r}:
            raise AssertionError(name + " is imported")

sys.meta_path.insert(0, Forbidden())
sys.argv[0] = "neurodeploy"
from neurodeploy.cli.main import main
"""

RUN_EACH = f"""{FORBID}
import contextlib, io, json, traceback

answers = {{}}
for typed in json.load(sys.stdin):
    sys.argv[1:] = typed.split()
    out, err, code = io.StringIO(), io.StringIO(), None
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            main()
        except SystemExit as ending:
            code = ending.code
        except BaseException:
            traceback.print_exc()
    answers[typed] = code, out.getvalue(), err.getvalue()
print(json.dumps(answers))
"""


def answers(home: Path, lines: Iterable[str]) -> dict[str, tuple[int, str, str]]:
    """Exit code, output and errors of commands, in one process that can import nothing heavy."""
    ran = subprocess.run(
        [sys.executable, "-c", RUN_EACH],
        cwd=home,
        input=json.dumps(list(lines)),
        capture_output=True,
        text=True,
        check=True,
    )
    found: dict[str, tuple[int, str, str]] = json.loads(ran.stdout)
    return found


@pytest.fixture
def home(tmp_path: Path) -> Path:
    np.save(tmp_path / "in.npy", np.zeros((1, 9, 5), np.uint8))
    (tmp_path / "small.net").write_bytes(b"\x89HDF")
    (tmp_path / "file").write_text("x")
    (tmp_path / "bundle").mkdir()
    return tmp_path


MISTAKES = {
    "train digit": "task: expected one of digits, idx-images, mnist, new-voices, "
    "nmnist, shd, spoken-digits, or package.module:Name, found 'digit'. Did you mean digits?",
    "demo --task mnits": "Did you mean mnist or nmnist?",
    "train nowhere.task:TASK": "task 'nowhere.task:TASK': expected a package that is here",
    "energy small.net --data digit": "Did you mean digits?",
    "verify small.net": "options --input and --data: expected one of them, found neither",
    "energy small.net": "options --input and --data: expected one of them, found neither",
    "energy small.net --input in.npy --data digits": "expected one of them, found both",
    "energy small.net --input in.npy --step-time 0": "step time: expected seconds, more than 0",
    "energy small.net --input in.npy --chip loihi": "Did you mean loihi",
    "energy small.net --input in.npy --measured none.toml": "file of measurements none.toml",
    "inspect none.net": "network none.net: expected an existing file, found no such file",
    "inspect bundle": "manifest bundle/manifest.json: expected an existing file",
    "simulate small.net --input none.npy --output o.npy": "input none.npy: expected an existing",
    "simulate small.net --input in.npy --output bundle": "output bundle: expected a file",
    "simulate small.net --input in.npy --output file/o.npy": "the file",
    "simulate small.net --input in.npy --output o.npy --engine nativ": "Did you mean native?",
    "verify small.net --input in.npy --engine lva": "Did you mean lava?",
    "verify small.net --input in.npy --against none.npy": "reference none.npy: expected an exist",
    "stream none --input in.npy": "network none: expected an existing file",
    "stream small.net --input in.npy --policy drop-old": "Did you mean drop-oldest?",
    "stream small.net --input - --listen 8000": "expected one of them, found --input and --listen",
    "stream small.net --listen 8000 --data digits": "found --listen and --data",
    "stream small.net --events none.csv": "events none.csv: expected a file or a folder",
    "stream small.net --input - --stop-at 2": "option --stop-at: expected a confidence",
    "stream small.net --input - --stall-s 0": "option --stall-s: expected seconds, more than 0",
    "serve none": "bundle none: expected a folder, found none",
    "serve small.net": "found a file. Of a network: neurodeploy bundle make small.net FOLDER",
    "serve bundle": "manifest bundle/manifest.json: expected an existing file",
    "serve bundle --token-file none": "token none: expected an existing file",
    "fit small.net --chip no": "chip: expected one of loihi1, loihi2, loihi2-2022, loihi2-2023, ",
    "fit small.net --chips none.toml --chip own": "chip table none.toml: expected an existing file",
    "train digits --lr 0": "option --lr: expected a rate, more than 0, found 0.0",
    "train digits --lr nan": "option --lr: expected a rate, more than 0, found nan",
    "train digits --beta nan": "option --beta: expected a finite number of at least 0, found nan",
    "train digits --budget-s inf": "option --budget-s: expected a finite number of at least 0",
    "train digits --device tpu": "option --device: expected cpu, cuda, cuda:0 or mps, found 'tpu'",
    "train digits --name a/b": "option --name: expected the name of a folder, found 'a/b'",
    "train digits --name a --out b": "options --name and --out: expected one of them, found both",
    "train digits --out file/run": "output file/run: expected a folder that can be written",
    "train digits --from none": "checkpoint none: expected an existing file",
    "export digits": "run runs/digits/NAME: expected a checkpoint, found none. Run `neurodeploy tr",
    "export digits --name one": "run runs/digits/one: expected a checkpoint, found none",
    "tune digits --device loih": "device: expected one of loihi",
    "tune digits --out file": "output file: expected a folder that can be written",
    "tune digits --fine-tune 2:4": "option --fine-tune: expected SHARE:BITS",
    "levers digits small.net --decoder mpl": "Did you mean mlp?",
    "levers digits none": "network none: expected an existing file",
    "new task 1st": "new task, name: expected a name in lower case",
}


OUT_OF_RANGE = {
    "train digits --epochs 0": "--epochs",
    "train digits --threads 0": "--threads",
    "train digits --batch-size no": "--batch-size",
    "train digits --seed -1": "--seed",
    "tune digits --loss 2": "--loss",
    "tune digits --trials 0": "--trials",
    "pick bundle -- -1": "point",
    "train digits --readout 0": "--readout",
    "trian digits": "train",
}


def test_a_mistake_is_one_line_and_exit_code_2(home: Path) -> None:
    for typed, (code, out, err) in answers(home, MISTAKES).items():
        assert (code, out, err.count("\n")) == (2, "", 1), (typed, err)
        assert err.startswith("error: ")
        assert MISTAKES[typed] in err
    assert sorted(path.name for path in home.iterdir()) == ["bundle", "file", "in.npy", "small.net"]


def test_what_is_out_of_range_is_named(home: Path) -> None:
    for typed, (code, out, err) in answers(home, OUT_OF_RANGE).items():
        assert (code, out) == (2, ""), typed
        assert OUT_OF_RANGE[typed] in err


def test_version_and_help_import_nothing_heavy(home: Path) -> None:
    commands = ("", "demo", "train", "export", "inspect", "simulate", "verify", "stream", "energy")
    helps = [f"{command} {option}" for command in commands for option in ("-h", "--help")]
    said = answers(home, ["--version", *helps])
    assert said.pop("--version")[1].startswith("neurodeploy 0.")
    for command in commands:
        assert said[f"{command} -h"] == said[f"{command} --help"]
        assert said[f"{command} -h"][0] == 0
        assert "Usage" in said[f"{command} -h"][1]


@pytest.mark.parametrize(
    ("begun", "words"),
    [
        ("tr", ["train"]),
        ("train d", ["digits"]),
        ("demo --engine ", ["lava", "loihi", "native", "slayer"]),
        ("fit small.net --chip l", ["loihi1", "loihi2", "loihi2-2022", "loihi2-2023"]),
        ("tune digits --device sp", ["spinnaker", "spinnaker2"]),
        ("energy small.net --data m", ["mnist"]),
    ],
)
def test_names_complete_in_a_shell(home: Path, begun: str, words: list[str]) -> None:
    line = f"neurodeploy {begun}"
    completed = subprocess.run(
        [sys.executable, "-c", f"{FORBID}\nmain()"],
        env={
            **os.environ,
            "_NEURODEPLOY_COMPLETE": "complete_bash",
            "COMP_WORDS": line,
            "COMP_CWORD": str(len(line.split(" ")) - 1),
        },
        cwd=home,
        capture_output=True,
        text=True,
        check=False,
    )
    assert sorted(completed.stdout.split()) == words
    assert completed.stderr == ""


def test_what_is_loaded_is_said_once_the_arguments_are_right(home: Path) -> None:
    _, _, err = answers(home, ["train digits --out run"])["train digits --out run"]
    assert err.startswith("loading PyTorch and SLAYER ...\n")
    assert "is imported" in err
