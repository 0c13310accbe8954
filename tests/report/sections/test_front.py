from __future__ import annotations

import json

from neurodeploy.report.parts import Chart, Table
from neurodeploy.report.sections.search import front
from neurodeploy.search.compression import Levers
from neurodeploy.search.points import Point
from neurodeploy.search.scoring import Score


def point(accuracy: float, energy_j: float) -> Point:
    score = Score(
        accuracy=accuracy,
        samples=100,
        chip_j=0.75 * energy_j,
        host_j=0.25 * energy_j,
        cores=2,
        synops=10.0,
        effective_synops=9.0,
        spikes=5.0,
    )
    levers = Levers(steps=6, thresholds=(1.0,), dropped=0.0, weight_bits=(8,), pruned=(0.0,))
    return Point(model="m", parameters={}, levers=levers, validation=score, confirmed=score)


def test_points_are_numbered_and_say_how_to_pick_them() -> None:
    section = front([point(0.8, 1e-6), point(0.9, 2e-6)], "my runs/tune")
    chart, table = section.parts
    assert isinstance(chart, Chart)
    assert isinstance(table, Table)
    assert [row[0] for row in table.rows] == ["0", "1"]
    assert table.rows[1][-1] == "neurodeploy pick 'my runs/tune' 1"
    assert table.rows[0][2].startswith("71")  # Wilson: 80 of 100 is 71 to 87 %
    values = json.dumps(chart.spec)
    assert '"uj": 1.0' in values
    assert '"uj": 2.0' in values
