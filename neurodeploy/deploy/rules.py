"""The names of the rules by which output spikes answer without a decoder. No numpy here."""

from __future__ import annotations

from neurodeploy._io.imports import did_you_mean
from neurodeploy.errors import InputError, message

COUNTS = "counts"
FIRST_SPIKE = "first-spike"
VOLTAGE = "voltage"
RULES = (COUNTS, FIRST_SPIKE, VOLTAGE)
"""`neurodeploy.deploy.answers` says what each reads."""


def require_rule(name: str) -> str:
    """Return the name of a rule.

    Raises
    ------
    InputError
        There is no such rule.
    """
    if name not in RULES:
        near = did_you_mean(name, RULES)
        raise InputError(message("rule", f"one of {', '.join(RULES)}", repr(name), near))
    return name
