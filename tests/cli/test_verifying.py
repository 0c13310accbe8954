"""`verify` at a terminal: a NIR graph in floats, a reference that is early, early mistakes."""

from __future__ import annotations

import json
from itertools import pairwise
from pathlib import Path

import nir
import numpy as np
import pytest
from typer.testing import CliRunner

import neurodeploy as nd
from neurodeploy.cli import main as cli
from neurodeploy.errors import NeurodeployError

NATIVE = ("--engine", "native")


@pytest.fixture(autouse=True)
def room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A graph whose numbers are whole, one with others and a time constant, networks, spikes."""
    monkeypatch.chdir(tmp_path)
    rng = np.random.default_rng(2)
    spikes = (rng.random((3, 5, 300)) < 0.4).astype(np.uint8)
    leaky = {"tau": 30e-3, "r": 1.0, "v_leak": 0.0, "v_threshold": 0.3}
    neurons = {
        "whole": nir.IF(r=np.ones(3), v_threshold=np.full(3, 4.0)),
        "leaky": nir.LIF(**{name: np.full(3, value) for name, value in leaky.items()}),
    }
    for name, neuron in neurons.items():
        weight = rng.integers(-3, 6, (3, 5)).astype(float)
        nodes = {
            "input": nir.Input(input_type={"input": np.array([5])}),
            "fc": nir.Linear(
                weight=weight if name == "whole" else weight + rng.normal(size=(3, 5))
            ),
            "neuron": neuron,
            "output": nir.Output(output_type={"output": np.array([3])}),
        }
        graph = nir.NIRGraph(nodes=nodes, edges=list(pairwise(nodes)), type_check=False)
        nir.write(f"{name}.nir", graph)
        nd.convert(f"{name}.nir", f"{name}.net", dt_s=1e-3, bits=3 if name == "leaky" else 8)
    np.save("in.npy", spikes)
    np.save("early.npy", nd.nir_floats("whole.nir").run(spikes)[-1])
    np.save("other.npy", np.zeros((3, 4, 300), np.uint8))


def verify(*typed: str) -> tuple[int, str, str]:
    result = CliRunner().invoke(cli.app, ["verify", *typed])
    if isinstance(result.exception, NeurodeployError):
        return 2, str(result.exception), result.stderr
    return result.exit_code, result.stdout, result.stderr


def test_a_network_is_compared_with_the_floats_of_its_graph() -> None:
    code, text, _ = verify("whole.net", "--input", "in.npy", *NATIVE, "--against", "whole.nir")
    assert code == 0
    assert "Exact, one step later: native against the floats of whole.nir, in 0-dense" in text
    typed = ("leaky.net", "--input", "in.npy", *NATIVE, "--against", "leaky.nir", "--dt", "1e-3")
    code, text, _ = verify(*typed)
    assert code == 1
    assert "Not exact: native against the floats of leaky.nir" in text
    assert "Of 3 samples" in text
    code, text, _ = verify(*typed, "--json")
    (layer,) = json.loads(text)["layers"]
    assert (layer["late_steps"], layer["samples"]) == (1, 3)
    assert 0 < layer["counts_differing"] < layer["spikes"]


def test_a_graph_alone_is_compared_with_its_own_floats_too() -> None:
    code, text, _ = verify("whole.nir", "--input", "in.npy", *NATIVE)
    assert code == 0
    assert "Exact: native against SLAYER's arithmetic on the network's own integers" in text
    assert "Exact, one step later: native against the floats of whole.nir" in text
    code, text, _ = verify("leaky.nir", "--input", "in.npy", *NATIVE, "--dt", "1e-3", "--json")
    report = json.loads(text)
    assert (code, report["exact"], report["integers"]["exact"]) == (1, False, True)
    assert report["reference"] == "the floats of leaky.nir"
    assert "integers" in report["integers"]["reference"]


def test_a_reference_may_be_early() -> None:
    typed = ("whole.net", "--input", "in.npy", *NATIVE, "--against", "early.npy")
    code, text, _ = verify(*typed)
    assert code == 1
    assert "with 0 differing, as --late 1 (late_steps=1) accepts." in text
    code, text, _ = verify(*typed, "--late", "1")
    assert code == 0
    assert "Exact, one step later: native against the output spikes that were given" in text
    assert verify(*typed, "--late", "2")[0] == 1
    report = json.loads(verify(*typed, "--late", "1", "--samples", "2", "--json")[1])
    assert (report["exact"], report["layers"][0]["samples"]) == (True, 2)


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        (("whole.net", "--input", "other.npy"), "input: expected [batch, 5, time]"),
        (("in.npy", "--input", "in.npy"), "in.npy"),
        (("whole.net", "--input", "in.npy", "--against", "whole.net"), "or a NIR graph, found a"),
        (("whole.net", "--input", "in.npy", "--late", "1"), "--late: expected --against"),
        (("whole.net", "--input", "in.npy", "--dt", "1"), "expected a NIR graph, as NETWORK or"),
        (
            ("whole.net", "--input", "in.npy", "--against", "early.npy", "--profile", "norse"),
            "options --dt and --profile: expected a NIR graph",
        ),
        (
            ("leaky.nir", "--input", "in.npy"),
            "verify takes both too; simulate, stream, energy and fit take OUTPUT.net",
        ),
        (
            ("leaky.net", "--input", "in.npy", "--against", "leaky.nir", "--profile", "norse"),
            "norse's modules run with dt=1e-3 unless they are told otherwise",
        ),
    ],
)
def test_mistakes_are_said_before_anything_is_loaded(typed: tuple[str, ...], said: str) -> None:
    code, text, loading = verify(*typed)
    assert code == 2
    assert said in text
    assert "loading" not in loading
