"""Command that writes the skeleton of a person's own part: new task."""

from __future__ import annotations

import keyword
from importlib import resources
from pathlib import Path
from string import Template
from typing import Annotated

import typer

from neurodeploy._io.files import atomic_path
from neurodeploy.cli.app import app, out
from neurodeploy.errors import InputError, message

new = typer.Typer(help="Write a small, running skeleton of a part of your own.")
app.add_typer(new, name="new")


@new.command()
def task(
    name: Annotated[str, typer.Argument(help="Of the package, such as spoken_words.")],
    folder: Annotated[Path, typer.Option("--out", help="Folder that it goes into.")] = Path(),
) -> None:
    """Write a task with data, training and a test, to be changed into your own."""
    if not name.isidentifier() or keyword.iskeyword(name) or name != name.lower():
        expected = "a name in lower case, letters, digits and _"
        raise InputError(message("new task, name", expected, repr(name)))
    target = folder / name
    if target.exists():
        remedy = "Choose another name, or move what is there."
        raise InputError(message(f"output {target}", "nothing there", "a file or folder", remedy))
    with atomic_path(target) as draft:
        draft.mkdir()
        for file, text in skeleton(name).items():
            (draft / file).write_text(text)
    out().print((target / "README.md").read_text(), markup=False, highlight=False, soft_wrap=True)


def skeleton(name: str) -> dict[str, str]:
    """Texts of the files of a task of that name, by file name."""
    words = {"name": name, "Class": "".join(part.capitalize() for part in name.split("_")) + "Task"}
    files = resources.files("neurodeploy.cli").joinpath("skeleton").iterdir()
    return {
        file.name.removesuffix(".txt"): Template(file.read_text()).substitute(words)
        for file in files
        if file.name.endswith(".txt")
    }
