"""The command line of an experiment."""

from __future__ import annotations

from pathlib import Path

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
        (["--share", "1/2"], ["one/v1", "other/v1"]),
        (["--table", "other"], ["other/v0", "other/v1"]),
        (["--table", "other", "--share", "0/2"], ["other/v0"]),
    ],
)
def test_a_process_runs_its_share_of_the_tables_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], expected: list[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    given = script_parser(seeds=5).parse_args(arguments)
    assert given.seeds == 5
    run_script(UNITS, given.share, given.table)
    found = [path.parent.relative_to(RESULTS).as_posix() for path in RESULTS.glob("*/*/0.json")]
    assert sorted(found) == expected
