"""Put what the campaign tried and found into docs/reliability.md.

Usage: python campaign/table.py      (reads runs/campaign/hostile, which campaign/run.py fills)
"""

from collections import Counter
from pathlib import Path

from run import kept

from neurodeploy.experiments import fill

DOCUMENT = Path("docs/reliability.md")


def table() -> str:
    """Kinds of files, how many mutants were read, and what came out."""
    totals: dict[str, Counter[str]] = {}
    for part in kept():
        totals.setdefault(part["name"], Counter()).update(part["counts"])
    rows = ["| file | mutants | read | refused by our error | anything else |"]
    rows.append("|---|---:|---:|---:|---:|")
    whole: Counter[str] = Counter()
    for name, counts in totals.items():
        rows.append(_row(name, counts))
        whole.update(counts)
    return "\n".join([*rows, _row("all", whole)])


def _row(name: str, counts: Counter[str]) -> str:
    cells = (counts.total(), counts["read"], counts["refused"], counts["found"])
    return f"| {name} | {' | '.join(f'{each:,}' for each in cells)} |"


if __name__ == "__main__":
    fill(DOCUMENT, {"campaign": table()})
