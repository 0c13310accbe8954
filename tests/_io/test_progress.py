"""Progress as a terminal of so many columns shows it, and as a pipe does."""

from __future__ import annotations

import os
import pty
import re
import struct
import subprocess
import sys
import termios
from fcntl import ioctl

import pytest
from rich.progress import Progress

from neurodeploy._io.progress import Lines, progress_bar

WORK = """
import time
from neurodeploy._io.progress import progress_bar
with progress_bar() as progress:
    task = progress.add_task("train", total=20)
    for batch in range(10):
        text = "epoch 12/18, log-loss 108.2, 153.4 bits, rate 0.021"
        progress.update(task, advance=1, description=text)
        time.sleep(0.03)
    progress.update(task, line="epoch 12/18: validation 108.1")
    progress.refresh()
"""


def on_a_terminal(columns: int) -> list[str]:
    """Lines that are drawn, one for each time that the bar is."""
    ours, theirs = pty.openpty()
    ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    environment = {name: value for name, value in os.environ.items() if name != "COLUMNS"}
    process = subprocess.Popen(
        [sys.executable, "-c", WORK],
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        env={**environment, "TERM": "xterm"},
    )
    os.close(theirs)
    drawn = b""
    while True:
        try:
            read = os.read(ours, 65536)
        except OSError:  # the other end is closed
            break
        if not read:
            break
        drawn += read
    os.close(ours)
    assert process.wait() == 0
    text = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", drawn.decode())
    return [line for line in re.split(r"[\r\n]+", text) if line.strip()]


@pytest.mark.parametrize("columns", [80, 60])
def test_the_estimate_survives(columns: int) -> None:
    lines = on_a_terminal(columns)
    assert max(map(len, lines)) <= columns
    last = lines[-1]
    assert re.search(r"━ 0:00:\d\d 0:00:\d\d epoch 12/18, log-loss 108\.2", last)
    assert ("rate 0.021" in last) == (columns == 80)
    assert "validation" not in "".join(lines)  # the bar says the same


def test_a_pipe_gets_a_line_a_phase_and_an_epoch() -> None:
    ran = subprocess.run([sys.executable, "-c", WORK], capture_output=True, text=True, check=True)
    assert ran.stdout == ""
    assert ran.stderr == "train\nepoch 12/18: validation 108.1\n"


def test_a_long_line_is_not_folded(capsys: pytest.CaptureFixture[str]) -> None:
    with progress_bar() as progress:
        assert isinstance(progress, Lines)
        task = progress.add_task("a", total=1)
        progress.update(task, line="b" * 200)
    assert capsys.readouterr().err == f"a\n{'b' * 200}\n"


def test_any_progress_of_rich_takes_a_line() -> None:
    progress = Progress(disable=True)
    progress.update(progress.add_task("a", total=2), advance=1, line="b")
    assert progress.tasks[0].completed == 1
