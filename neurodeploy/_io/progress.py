"""How far work is: a bar where a person watches, a line for each phase or epoch elsewhere.

Whoever works calls `rich.progress.Progress` as ever, and says ``update(task, line="...")`` when
something is done that is worth a line.
"""

from __future__ import annotations

import time
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

NOTEBOOK_S = 0.2
"""A notebook is drawn again after so many seconds at the earliest."""

NOTEBOOK = (
    "{% for task in tasks %}<div>"
    '<progress aria-label="{{ task.description }}"{% if task.total %} max="{{ task.total }}" '
    'value="{{ task.completed }}"{% endif %}></progress> {{ task.description }}</div>{% endfor %}'
    "{% for line in lines %}<div>{{ line }}</div>{% endfor %}"
)


def progress_bar() -> Progress:
    """Progress in a notebook; on standard error elsewhere, drawn if that is a terminal."""
    console = Console(stderr=True)
    if console.is_jupyter:
        return Notebook(console=console, disable=True)
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


class Notebook(Progress):
    """Progress below a notebook's cell: bars that move in place, and the lines under them."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self._said: list[str] = []
        self._handle: Any = None
        self._drawn_s = 0.0

    def update(self, task_id: TaskID, **changes: Any) -> None:
        """Draw what changed, a ``line`` at once."""
        super().update(task_id, **changes)
        if "line" in changes:
            self._said.append(changes["line"])
        if "line" in changes or time.monotonic() - self._drawn_s > NOTEBOOK_S:
            self._draw()

    def advance(self, task_id: TaskID, advance: float = 1) -> None:
        """As `update`."""
        self.update(task_id, advance=advance)

    def stop(self) -> None:
        """Draw where it ended."""
        super().stop()
        self._draw()

    def _draw(self) -> None:
        import jinja2
        from IPython.display import display

        template = jinja2.Environment(autoescape=True).from_string(NOTEBOOK)
        shown = {
            "text/html": template.render(tasks=self.tasks, lines=self._said),
            "text/plain": "\n".join([*(task.description for task in self.tasks), *self._said]),
        }
        self._drawn_s = time.monotonic()
        if self._handle is None:
            self._handle = display(shown, raw=True, display_id=True)
        else:
            self._handle.update(shown, raw=True)
