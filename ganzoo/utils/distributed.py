"""Ranks and collectives: the only module that asks which process this is and what the others have.

A process that trains alone has rank 0 and world size 1, and no function here waits for anything.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta

import torch
import torch.distributed
from torch import Tensor
from torch.nn.utils import parameters_to_vector, vector_to_parameters

from ganzoo.errors import SetupError, one_line

LONGEST_WAIT = timedelta(minutes=30)  # for a process that neither answers nor ends
LONGEST = 200  # characters of an error of the network that are shown


@contextmanager
def _together() -> Iterator[None]:
    """Say in one line that another process has ended: its end is an error of the network in those that wait for it.

    One that ends is noticed at once, one that hangs, or whose machine is gone, after LONGEST_WAIT.
    """
    try:
        yield
    except (RuntimeError, OSError) as error:
        raise SetupError(
            f"process {rank()} of {world_size()} cannot reach the others: one of them has ended, see its message, or "
            f"was silent for {LONGEST_WAIT.total_seconds() / 60:.0f} minutes. When all have ended, go on with "
            f"`ganzoo resume`, or start again if nothing was saved yet. ({one_line(str(error))[:LONGEST]})"
        ) from error


def is_initialized() -> bool:
    """Return True when this process has joined others."""
    return torch.distributed.is_available() and torch.distributed.is_initialized()


def rank() -> int:
    """Return the number of this process, from 0."""
    return torch.distributed.get_rank() if is_initialized() else 0


def world_size() -> int:
    """Return the number of processes that train together."""
    return torch.distributed.get_world_size() if is_initialized() else 1


def local_world_size() -> int:
    """Return the number of processes on this machine that train together."""
    return int(os.environ.get("LOCAL_WORLD_SIZE") or "1") if is_initialized() else 1


def is_main() -> bool:
    """Return True in the process that writes files and shows progress, which is the one with rank 0."""
    return rank() == 0


def wait_for_all() -> None:
    """Wait until every process has come here."""
    if is_initialized():
        with _together():
            torch.distributed.barrier()


def reduce_mean(tensor: Tensor) -> Tensor:
    """Average a tensor over all processes.

    Args:
        tensor: Floating-point numbers, of the same shape in every process.

    Returns:
        The mean, as a new tensor without a graph.
    """
    mean = tensor.detach().clone()
    if is_initialized():
        with _together():
            torch.distributed.all_reduce(mean)
        mean /= torch.distributed.get_world_size()
    return mean


def average(tensors: Sequence[Tensor]) -> None:
    """Replace the content of each tensor by its mean over all processes, in one reduction."""
    if world_size() > 1:
        vector_to_parameters(reduce_mean(parameters_to_vector(tensors)), tensors)


def broadcast(tensors: Iterable[Tensor]) -> None:
    """Overwrite each tensor by that of the main process."""
    if world_size() > 1:
        with _together():
            for tensor in tensors:
                torch.distributed.broadcast(tensor, src=0)


def broadcast_text(text: str) -> str:
    """Return the text that the main process has given."""
    texts = [text]
    if world_size() > 1:
        with _together():
            torch.distributed.broadcast_object_list(texts, src=0)
    return texts[0]


def are_equal(digests: Sequence[bytes], device: torch.device) -> list[bool]:
    """Compare digests over all processes; each waits for the others.

    Args:
        digests: Digests of this process, as many and as long in every process.
        device: The device that this process trains on, through which it reaches the others.

    Returns:
        For each digest, True when every process has the same.
    """
    mine = torch.tensor([[*digest] for digest in digests], device=device)  # (digests, bytes)
    if world_size() == 1:
        return [True] * len(digests)
    least, most = mine.clone(), mine.clone()
    with _together():
        torch.distributed.all_reduce(least, torch.distributed.ReduceOp.MIN)
        torch.distributed.all_reduce(most, torch.distributed.ReduceOp.MAX)
    return (least == most).all(1).tolist()


def all_agree(vote: bool, device: torch.device) -> bool:
    """Take a vote of all processes; each waits for the others.

    Args:
        vote: The vote of this process.
        device: The device that this process trains on, through which it reaches the others.

    Returns:
        True when every process votes True.
    """
    if world_size() == 1:
        return vote
    return bool(reduce_mean(torch.tensor(float(vote), device=device)) == 1)
