"""The command line of an experiment."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from neurodeploy.experiments.script import RESULTS, run_script, script_parser
from neurodeploy.experiments.units import Unit

UNITS = [
    Unit(table=table, variant=f"v{variant}", seed=0, run=lambda folder: {"x": 1.0})
    for table in ("one", "other")
    for variant in range(2)
]


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ([], ["one/v0", "one/v1", "other/v0", "other/v1"]),
        (["--table", "other"], ["other/v0", "other/v1"]),
        (["--table", "one", "other"], ["one/v0", "one/v1", "other/v0", "other/v1"]),
    ],
)
def test_the_tables_asked_for_are_run(
    git: Callable[..., str], arguments: list[str], expected: list[str]
) -> None:
    given = script_parser(seeds=5).parse_args(arguments)
    assert given.seeds == 5
    run_script(UNITS, given)
    found = [path.parent.relative_to(RESULTS).as_posix() for path in RESULTS.glob("*/*/0.json")]
    assert sorted(found) == expected
