"""What is done with the network's steps when the host is slower: their names. No numpy here."""

from __future__ import annotations

from neurodeploy._io.imports import require_one_of

BLOCK = "block"
DROP_OLDEST = "drop-oldest"
LATEST = "latest"
POLICIES = (BLOCK, DROP_OLDEST, LATEST)
"""`neurodeploy.deploy.buffer` says what each does."""


def require_policy(name: str) -> str:
    """Return the name of a policy.

    Raises
    ------
    InputError
        There is no such policy.
    """
    return require_one_of("policy", name, POLICIES)
