"""What the site has of the code itself: commands, public names and reports, as they are today."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
OUTSIDE = re.compile(r"\]\((?:\.\./)+([^)]+)\)")
"""Links from the documents to files that are not in the site."""


RUNS = ROOT / "runs/gallery"
"""Where the gallery's networks are trained; what is trained there is not trained again."""

NETWORKS = {"readout48": 48, "readout8": 8}
"""Runs of the task ``digits`` for the gallery, and their readout neurons."""

REPORTS = {"digits.html": ("readout48",), "compared.html": ("readout48", "readout8")}
"""Pages of the gallery, and whose reports they are."""


def on_files(files: Any, *, config: Any) -> Any:
    """Put the reports of the gallery beside the documents."""
    from mkdocs.structure.files import File

    for name in made_gallery(RUNS):
        files.append(File.generated(config, f"gallery/{name}", abs_src_path=str(RUNS / name)))
    return files


def made_gallery(folder: Path) -> list[str]:
    """Train what is not trained, and make the reports anew; their names."""
    folder.mkdir(parents=True, exist_ok=True)
    for run, readout in NETWORKS.items():
        _neurodeploy(folder, "train", "digits", "--name", run, "--readout", str(readout))
    for name, runs in REPORTS.items():
        _neurodeploy(folder, "report", *(f"runs/digits/{run}" for run in runs), "--out", name)
    return [*REPORTS]


def _neurodeploy(folder: Path, *words: str) -> None:
    """Run a command as a person would, in a folder."""
    places = os.pathsep.join(filter(None, (str(ROOT), os.environ.get("PYTHONPATH"))))
    command = [sys.executable, "-m", "neurodeploy", *words]
    environment = {**os.environ, "PYTHONPATH": places}
    done = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)}: {done.stderr}")


def on_page_markdown(markdown: str, *, page: Any, **_: Any) -> str:
    """Fill in the two generated pages; name files of the repository instead of linking to them."""
    if page.file.src_uri == "commands.md":
        markdown += commands()
    if page.file.src_uri == "api.md":
        markdown += names()
    return OUTSIDE.sub(r"] (`\1` in the repository)", markdown)


def commands() -> str:
    """Every command with its arguments, from the commands themselves."""
    import typer

    from neurodeploy.cli.main import app

    group = typer.main.get_command(app)
    return "".join(_command(group, name, []) for name in group.commands)  # type: ignore[attr-defined]


def _command(group: Any, name: str, parents: list[str]) -> str:
    command = group.commands[name]
    words = [*parents, name]
    if hasattr(command, "commands"):
        return "".join(_command(command, each, words) for each in command.commands)
    usage = " ".join(f"{p.make_metavar(None).upper()}" for p in command.params if _is_argument(p))
    text = f"\n## neurodeploy {' '.join(words)}\n\n{command.help or ''}\n\n"
    text += f"```sh\nneurodeploy {' '.join(words)} {usage} [OPTIONS]\n```\n\n"
    rows = "".join(_row(p) for p in command.params if p.name != "help")
    return text + f"| | | default |\n|---|---|---|\n{rows}"


def _is_argument(parameter: Any) -> bool:
    return bool(parameter.param_type_name == "argument")


def _row(parameter: Any) -> str:
    name = parameter.make_metavar(None).upper() if _is_argument(parameter) else parameter.opts[0]
    default = parameter.default
    said = "" if default is None or callable(default) or default is False else f"`{default}`"
    words = (parameter.help or "").replace("\\[", "[").replace("|", "\\|")
    return f"| `{name}` | {words} | {said if not parameter.required else 'needed'} |\n"


def names() -> str:
    """Every public name, by the module that has it, from ``__init__.pyi``."""
    listed = (ROOT / "neurodeploy/__init__.pyi").read_text()
    found = re.findall(r"from \.(\S+) import (\w+) as \w+", listed)
    return "".join(f"\n::: neurodeploy.{module}.{name}\n" for module, name in found)
