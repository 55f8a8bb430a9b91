"""Where training runs: the device, the precision and the processes, by Accelerate."""

from __future__ import annotations

import os

import torch
from accelerate import Accelerator, PartialState
from accelerate.state import AcceleratorState
from accelerate.utils import parse_flag_from_env

from ganzoo import allocator
from ganzoo.errors import EnvironmentProblem, Misfit
from ganzoo.recipe import RunSettings


def processes() -> PartialState:
    """This process among those that torchrun or `accelerate launch` started.

    Accelerate joins CPU processes only when told that a CPU is meant. Errors: EnvironmentProblem when it did not join
    them all, so that each would train alone.
    """
    cpu = parse_flag_from_env("ACCELERATE_USE_CPU") or not torch.accelerator.is_available()
    found = PartialState(cpu=cpu)
    asked = int(os.environ.get("WORLD_SIZE", "1"))
    if found.num_processes != asked:
        raise EnvironmentProblem(
            f"WORLD_SIZE asks for {asked} processes and {found.num_processes} joined. Start them with "
            "`torchrun --standalone --nproc_per_node N -m ganzoo run ...`, or unset WORLD_SIZE."
        )
    return found


def accelerator(settings: RunSettings) -> Accelerator:
    """An Accelerator for a run. Errors: Misfit for a precision that the device does not have."""
    device = processes().device
    if settings.precision == "fp16" and device.type == "cpu":
        raise Misfit('run.precision = "fp16" needs a GPU: on a CPU use "bf16" or "no".')
    allocator.keep_blocks()
    AcceleratorState._reset_state()  # one process may train with several precisions, one after the other
    return Accelerator(mixed_precision=settings.precision, cpu=device.type == "cpu")
