"""The names of the profiles of NIR's exporters. No numpy here."""

from __future__ import annotations

from neurodeploy._io.imports import did_you_mean
from neurodeploy.errors import InputError, message

SNNTORCH = "snntorch"
NORSE = "norse"
SINABS = "sinabs"
SPIKINGJELLY = "spikingjelly"
PROFILE_NAMES = (SNNTORCH, NORSE, SINABS, SPIKINGJELLY)
"""`neurodeploy.adopt.nir.profiles` says what each means."""


def require_profile(name: str) -> str:
    """Return the name of a profile.

    Raises
    ------
    InputError
        There is no such profile.
    """
    if name not in PROFILE_NAMES:
        near = did_you_mean(name, PROFILE_NAMES)
        expected = f"one of {', '.join(PROFILE_NAMES)}"
        raise InputError(message("option --profile", expected, repr(name), near))
    return name
