"""The page: one HTML file with everything in it, which no network is needed for."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

import jinja2

import neurodeploy
from neurodeploy._io.files import atomic_path
from neurodeploy._io.kept import first_kept, folders_beside, keep_first, short_digest
from neurodeploy.report.extra import require_charts
from neurodeploy.report.measured import Measured
from neurodeploy.search.points import Point

HERE = Path(__file__).parent


@dataclass(frozen=True, kw_only=True)
class Front:
    """The front of a search, and its folder as a command takes it."""

    points: Sequence[Point]
    folder: str


def render(runs: Sequence[Measured], front: Front | None = None) -> str:
    """The page of one run, or of several side by side.

    Parameters
    ----------
    runs : sequence of Measured
        At least one.
    front : Front, optional
        Of a search, in a section of its own.

    Raises
    ------
    MissingPackageError
        The extra ``report`` is not installed.
    """
    require_charts()
    from neurodeploy.report.parts import CONFIG
    from neurodeploy.report.player import run_data, share_of_budget
    from neurodeploy.report.sections import compare, headline, search

    first = compare.compare(runs)
    last = None if front is None else search.front(front.points, front.folder)
    answers = [_answer(run, at, len(runs) > 1) for at, run in enumerate(runs)]
    own = [section for answer in answers for section in answer["sections"]]
    sections = [each for each in (first, *own, last) if each is not None]
    charts = [part for section in sections for part in section.parts if part.kind == "chart"]
    data = {
        "config": CONFIG,
        "charts": [chart.spec for chart in charts],
        "runs": [run_data(run, share_of_budget(runs)) for run in runs],
    }
    return _template().render(
        title=headline.title(runs),
        first=first,
        answers=answers,
        last=last,
        numbered=lambda part: next(at for at, chart in enumerate(charts) if chart is part),
        version=neurodeploy.__version__,
        style=(HERE / "page.css").read_text(),
        script=(HERE / "page.js").read_text(),
        library=_library(),
        data=in_script(data),
    )


def _answer(run: Measured, at: int, several: bool) -> dict[str, Any]:
    """What the page says of one run: its head and its sections, in order; keys are unique."""
    from neurodeploy.report.player import gallery, player
    from neurodeploy.report.sections import activity, chip, costs, headline, history, quality

    sections = (
        player(run, at),
        gallery(run, at),
        quality.quality(run),
        chip.agreement(run),
        costs.energy(run),
        costs.timing(run),
        chip.placement(run),
        activity.activity(run),
        activity.weights(run),
        history.history(run),
    )
    name = run.name if several else ""
    return {
        "key": f"answer-{at}",
        "name": name,
        "verdict": headline.verdict(run),
        "trained": headline.trained(run),
        "figures": headline.figures(run),
        "provenance": run.provenance,
        "sections": [
            replace(each, key=f"{each.key}-{at}", run=name) for each in sections if each is not None
        ],
    }


def in_script(value: Any) -> str:
    """JSON that stands in a script element and cannot end it."""
    text = json.dumps(value, allow_nan=False, separators=(",", ":"))
    for each in "<>&\u2028\u2029":
        text = text.replace(each, f"\\u{ord(each):04x}")
    return text


@cache
def _library() -> str:
    """Vega-Lite and what it needs, as one script; it takes seconds to make, and is kept."""
    name = f"vega-{short_digest(version('vl-convert-python').encode())}-bundle.o"
    folders = [*folders_beside(__file__)]
    script = first_kept(folders, name)
    if not script:
        import vl_convert

        made: str = vl_convert.javascript_bundle()  # type: ignore[call-arg]
        script = made.encode()
        keep_first(folders, name, script)
    return script.decode().replace("</script", "<\\/script")


def _template() -> jinja2.Template:
    loader = jinja2.FileSystemLoader(HERE)
    made = jinja2.Environment(
        autoescape=True,
        loader=loader,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
    return made.get_template("page.html.j2")


def write_report(path: Path, runs: Sequence[Measured], front: Front | None = None) -> Path:
    """Write `render` to a file, whole or not at all.

    Returns
    -------
    path
        Of the page.
    """
    page = render(runs, front)
    with atomic_path(path) as draft:
        draft.write_text(page, encoding="utf-8")
    return path
