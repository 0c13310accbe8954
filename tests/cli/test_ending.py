"""How a command ends that is interrupted, or that nobody listens to any more."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from neurodeploy.cli import main as cli

RUN = "from neurodeploy.cli.main import main; main()"


def pipeline(command: str) -> tuple[int, str]:
    """Exit code of the first process of a pipe, and what was said on standard error."""
    script = f"{command} | true; exit ${{PIPESTATUS[0]}}"
    ran = subprocess.run(["bash", "-c", script], capture_output=True, text=True, check=False)
    return ran.returncode, ran.stderr


PRINTING = {
    "plain": "import sys; sys.stdout.write('x' * 1_000_000)",
    "table": "import neurodeploy.cli.app as a; "
    "[a.print_table('t', ('a', 'b'), [('c', 'd')] * 100) for _ in range(100)]",
    "json": "import neurodeploy.cli.app as a; a.print_json('x' * 1_000_000)",
    "raised by hand": "import errno; raise OSError(errno.EPIPE, 'Broken pipe')",
}


@pytest.mark.parametrize("kind", PRINTING)
def test_a_pipe_that_nobody_reads_is_no_error(kind: str, tmp_path: Path) -> None:
    command = "import typer; from neurodeploy.cli.main import main\n"
    command += "own = typer.Typer()\n@own.command()\ndef run() -> None:\n    "
    command += "import time; time.sleep(0.3)\n    " + PRINTING[kind] + "\nmain(own)"
    (tmp_path / "run.py").write_text(command)
    assert pipeline(f"{sys.executable} {tmp_path / 'run.py'}") == (141, "")


def test_ctrl_c_says_what_was_saved_and_how_to_go_on(tmp_path: Path) -> None:
    command = ["train", "digits", "--name", "mine", "--epochs", "400", "--fresh"]
    process = subprocess.Popen(
        [sys.executable, "-c", RUN, *command],
        cwd=tmp_path,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )
    assert process.stderr is not None
    lines: list[str] = []
    for line in process.stderr:
        lines.append(line)
        if line.startswith("epoch 2/400"):
            process.send_signal(signal.SIGINT)
            break
    rest = process.stderr.read()
    assert process.wait() == 130
    assert lines[0] == "loading PyTorch and SLAYER ...\n"
    assert [line.split(":")[0] for line in lines[1:]] == ["train\n", "epoch 1/400", "epoch 2/400"]
    said = rest.splitlines()[-1]
    assert said.startswith("interrupted: ")
    assert "epochs of training are saved in runs/digits/mine" in said
    assert said.endswith("To go on: neurodeploy train digits --name mine --epochs 400")
    assert "Traceback" not in rest
    assert (tmp_path / "runs" / "digits" / "mine" / "last.safetensors").exists()


def test_an_interrupt_without_more_to_say(capsys: pytest.CaptureFixture[str]) -> None:
    def interrupted() -> None:
        raise KeyboardInterrupt

    with pytest.raises(SystemExit) as caught:
        cli.main(interrupted)
    assert caught.value.code == 130
    assert capsys.readouterr().err == "\ninterrupted\n"


def test_another_exit_code_stays(capsys: pytest.CaptureFixture[str]) -> None:
    def ends() -> None:
        raise SystemExit(1)

    with pytest.raises(SystemExit) as caught:
        cli.main(ends)
    assert caught.value.code == 1
    assert capsys.readouterr().err == ""
