"""What a file that somebody sent may cost: memory and time."""

from __future__ import annotations

from dataclasses import dataclass

from neurodeploy.errors import FileFormatError, InputError, message

MIB = 1 << 20


@dataclass(frozen=True, kw_only=True)
class Limits:
    """The most that reading a file, and then running what it holds, may take.

    Parameters
    ----------
    memory_bytes : int
        Of reading, and of running one sample; what a file declares is counted before anything is
        read or made.
    seconds : float
        Of reading, beside a second for each 32 MiB of the file.
    expansion : int
        How many times its size a file may unpack to, where that is more than 16 MiB; deflate
        alone reaches 1,032.

    Raises
    ------
    InputError
        One of them is not more than 0.
    """

    memory_bytes: int = 512 * MIB
    seconds: float = 3.0
    expansion: int = 256

    def __post_init__(self) -> None:
        for name in ("memory_bytes", "seconds", "expansion"):
            if not getattr(self, name) > 0:
                raise InputError(message(f"limit {name}", "more than 0", getattr(self, name)))

    def require_memory(self, needed: int, where: str) -> None:
        """Refuse what needs more memory than there may be.

        Raises
        ------
        FileFormatError
            It does.
        """
        if needed > self.memory_bytes:
            remedy = "If you trust it: --max-memory MIB, or limits=nd.Limits(memory_bytes=...)."
            expected = f"at most {mebibytes(self.memory_bytes)} of memory"
            raise FileFormatError(message(where, expected, mebibytes(needed), remedy))


def mebibytes(size: int) -> str:
    """A size in words."""
    return f"{-(-size // MIB):,} MiB"


DEFAULT = Limits()
"""Where nobody says otherwise: much larger than any network of lava-dl, and half a GiB."""
