"""How far work is: a bar where a person watches, a line for each phase or epoch elsewhere.

Whoever works calls `rich.progress.Progress` as ever, and says ``update(task, line="...")`` when
something is done that is worth a line.
"""

from __future__ import annotations

from typing import Any

from rich.console import Console
from rich.progress import (
    BarColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.table import Column

BAR_WIDTH = 12


def progress_bar() -> Progress:
    """Progress on standard error, drawn if that is a terminal, else in lines."""
    console = Console(stderr=True)
    if not console.is_terminal:
        return Lines(console=console, disable=True)
    return Progress(
        BarColumn(bar_width=BAR_WIDTH, table_column=Column(min_width=BAR_WIDTH)),
        TimeElapsedColumn(table_column=Column(no_wrap=True, min_width=7)),
        TimeRemainingColumn(table_column=Column(no_wrap=True, min_width=7)),
        TextColumn(
            "{task.description}", table_column=Column(no_wrap=True, overflow="ellipsis", ratio=1)
        ),
        console=console,
        expand=True,
    )


class Lines(Progress):
    """Progress in a pipe or a file."""

    def add_task(self, description: str, *arguments: Any, **options: Any) -> TaskID:
        """Say which phase begins."""
        self._say(description)
        return super().add_task(description, *arguments, **options)

    def update(self, task_id: TaskID, **changes: Any) -> None:
        """Say a ``line``."""
        if "line" in changes:
            self._say(changes["line"])
        super().update(task_id, **changes)

    def _say(self, text: str) -> None:
        self.console.print(text, markup=False, highlight=False, soft_wrap=True)
