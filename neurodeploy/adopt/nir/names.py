"""The names of the profiles of NIR's exporters. No numpy here."""

from __future__ import annotations

from neurodeploy._io.imports import require_one_of

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
    return require_one_of("option --profile", name, PROFILE_NAMES)
