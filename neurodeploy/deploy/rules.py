"""The names of the rules by which output spikes are read without a decoder. No numpy here."""

from __future__ import annotations

from neurodeploy._io.imports import require_one_of

COUNTS = "counts"
FIRST_SPIKE = "first-spike"
VOLTAGE = "voltage"
SPIKES = "spikes"
RULES = (COUNTS, FIRST_SPIKE, VOLTAGE, SPIKES)
"""`neurodeploy.deploy.answers` says what each reads."""


def require_rule(name: str) -> str:
    """Return the name of a rule.

    Raises
    ------
    InputError
        There is no such rule.
    """
    return require_one_of("rule", name, RULES)
