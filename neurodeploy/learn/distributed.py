"""Training of one model by several processes, as torchrun starts them.

Every process goes through the same batches and trains on its own share of each; gradients are
averaged by PyTorch's DistributedDataParallel. A process draws noise for the whole batch and uses
that of its share, so several processes train as one would.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch import distributed
from torch.nn.parallel import DistributedDataParallel

from neurodeploy.errors import InputError, message
from neurodeploy.learn.data import Batch

if TYPE_CHECKING:
    from neurodeploy.model.noise import Noise


@dataclass(frozen=True, kw_only=True)
class Group:
    """The processes that train together, and which of them this is."""

    rank: int = 0
    size: int = 1

    @property
    def leads(self) -> bool:
        """Whether this process writes files and shows progress."""
        return self.rank == 0

    def parallel(self, step: torch.nn.Module) -> torch.nn.Module:
        """A module whose gradients are averaged over the group."""
        return step if self.size == 1 else DistributedDataParallel(step)

    def wait(self) -> None:
        """Until every process of the group has come here."""
        if self.size > 1:
            distributed.barrier()

    def agreed(self, decision: bool) -> bool:
        """The leader's decision, in every process: clocks differ, and all must go on or none."""
        if self.size == 1:
            return decision
        device = "cuda" if distributed.get_backend() == "nccl" else "cpu"
        said = torch.tensor([float(decision)], device=device)
        distributed.broadcast(said, src=0)
        return bool(said)

    def share(self, batch: Batch, generator: torch.Generator) -> tuple[Batch, Noise, float]:
        """The rows of a batch for this process, its noise, and its weight in the average of losses.

        Raises
        ------
        InputError
            The batch has fewer rows than there are processes.
        """
        rows = len(batch.spikes)
        if self.size == 1:
            return batch, generator, 1.0
        if rows < self.size:
            raise InputError(message("a batch", f"a row for each of {self.size} processes", rows))
        start, stop = (rows * rank // self.size for rank in (self.rank, self.rank + 1))
        mine = Batch(
            batch.spikes[start:stop],
            {head: target[start:stop] for head, target in batch.targets.items()},
        )
        from neurodeploy.model.noise import ShareOfNoise

        noise = ShareOfNoise(generator=generator, start=start, rows=rows)
        return mine, noise, (stop - start) * self.size / rows


def join() -> Group:
    """The group that torchrun started this process in, or this process alone."""
    if "WORLD_SIZE" not in os.environ:
        return Group()
    if not distributed.is_initialized():
        distributed.init_process_group("nccl" if torch.cuda.is_available() else "gloo")
    return Group(rank=distributed.get_rank(), size=distributed.get_world_size())


def batch_mean(values: torch.Tensor) -> float:
    """Mean of a value of each row, [row], over the shares of all processes."""
    values = values.detach()
    total = batch_sum(torch.stack([values.sum(), values.new_tensor(float(values.numel()))]))
    return float(total[0] / total[1])


def batch_sum(summed: torch.Tensor) -> torch.Tensor:
    """The sum of a tensor over the shares of all processes; the tensor may become it."""
    if distributed.is_initialized():
        distributed.all_reduce(summed)
    return summed
