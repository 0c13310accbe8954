"""What comes of a network that was made elsewhere: integers, and what must be known of them."""

from __future__ import annotations

from dataclasses import dataclass

from neurodeploy.netx.findings import Finding
from neurodeploy.netx.network import Network


@dataclass(frozen=True, kw_only=True, eq=False)
class Adopted:
    """A network in integers, and how it differs from what its author ran.

    Parameters
    ----------
    network : Network
        What every engine runs.
    notes : tuple of Finding
        ``exact`` says whether the network still gives what the author's gives, apart from a
        shift of the output in time.
    late_steps : int
        By so many steps the output is later than the author's; earlier, if negative.
    input_scale, output_scale : int
        What a 1 of the author's input and output is here; graded spikes are fractions in SLAYER.
    """

    network: Network
    notes: tuple[Finding, ...] = ()
    late_steps: int = 0
    input_scale: int = 1
    output_scale: int = 1

    @property
    def exact(self) -> bool:
        """Whether no note says that the network may give something else."""
        return all(note.exact for note in self.notes)
