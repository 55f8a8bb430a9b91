"""Where training runs: the device, the precision and the processes, by Accelerate."""

from __future__ import annotations

import atexit
import functools
import os

import torch
import torch.distributed
from accelerate import Accelerator, PartialState
from accelerate.state import AcceleratorState
from accelerate.utils import DynamoBackend, parse_flag_from_env

from ganzoo.config.recipe import RunSettings
from ganzoo.errors import IncompatibleError, SetupError
from ganzoo.training import allocator

if torch.distributed.is_available():
    # Its defaults keep the group that is there when it is first imported, whoever does it, and gloo's threads with it:
    # they would outlive _leave_in_the_end(). Here there is no group yet.
    import torch.distributed.nn.functional

OFF = ("", "0", "n", "no", "f", "false", "off")
OVERRIDES = {
    "ACCELERATE_GRADIENT_ACCUMULATION_STEPS": ("1",),  # beats the argument
    "ACCELERATE_DYNAMO_BACKEND": ("no",),  # compiles every network, and allows TF32
    "ACCELERATE_DOWNCAST_BF16": ("",),  # any text switches it on
    "ACCELERATE_USE_FSDP": OFF,
    "ACCELERATE_USE_DEEPSPEED": OFF,
    "ACCELERATE_USE_MEGATRON_LM": OFF,
    "ACCELERATE_USE_PARALLELISM_CONFIG": OFF,  # without it, PARALLELISM_CONFIG_* is not read
    "ACCELERATE_USE_SAGEMAKER": OFF,
}
"""What Accelerate reads from the environment and would change a run by, with the values that change nothing.

ACCELERATE_MIXED_PRECISION is not here: run.precision beats it. `accelerate launch` sets some of these, mostly to what
changes nothing.
"""


def check_environment() -> None:
    """Errors: SetupError with every variable that would make a run another one than its recipe says."""
    found = {name: os.environ[name] for name in OVERRIDES if name in os.environ}
    if wrong := [name for name, value in found.items() if value.strip().lower() not in OVERRIDES[name]]:
        values = ", ".join(f"{name}={found[name]}" for name in wrong)
        raise SetupError(
            f"{values} would change how networks are trained, behind the recipe's back. Type: unset {' '.join(wrong)}"
        )


def processes() -> PartialState:
    """This process among those that torchrun or `accelerate launch` started.

    Accelerate joins CPU processes only when told that a CPU is meant. Errors: SetupError when it did not join
    them all, so that each would train alone, and for variables that it cannot read or that check_environment() refuses.
    """
    check_environment()
    try:
        cpu = parse_flag_from_env("ACCELERATE_USE_CPU") or not torch.accelerator.is_available()
        found = PartialState(cpu=cpu)
        asked = int(os.environ.get("WORLD_SIZE", "1"))
    except (ValueError, RuntimeError) as error:
        raise SetupError(
            f"Accelerate cannot start: {error}. See what it reads: env | grep -E 'ACCELERATE|RANK|WORLD|MASTER'"
        ) from error
    if found.num_processes != asked:
        raise SetupError(
            f"WORLD_SIZE asks for {asked} processes and {found.num_processes} joined. Start them with "
            "`torchrun --standalone --nproc_per_node N -m ganzoo run ...`, or unset WORLD_SIZE."
        )
    if found.num_processes > 1:
        _leave_in_the_end()
    return found


@functools.cache
def _leave_in_the_end() -> None:
    """Take leave of the other processes before Python ends: gloo's threads otherwise abort one exit in six or so."""
    atexit.register(PartialState().destroy_process_group)


def accelerator(settings: RunSettings) -> Accelerator:
    """Return the Accelerator of a run.

    Raises:
        IncompatibleError: The device does not have the precision.
        SetupError: See processes().
    """
    device = processes().device
    if settings.precision == "fp16" and device.type == "cpu":
        raise IncompatibleError('run.precision = "fp16" needs a GPU: on a CPU use "bf16" or "no".')
    allocator.keep_blocks()
    AcceleratorState._reset_state()  # one process may train with several precisions, one after the other
    made = Accelerator(mixed_precision=settings.precision, cpu=device.type == "cpu")
    if (made.gradient_accumulation_steps, made.state.dynamo_plugin.backend) != (1, DynamoBackend.NO):
        raise SetupError(
            f"Accelerate accumulates gradients over {made.gradient_accumulation_steps} steps and compiles by "
            f"{made.state.dynamo_plugin.backend}, which nobody asked for: look for ACCELERATE_ in the environment."
        )
    if made.mixed_precision != settings.precision:
        raise SetupError(
            f"Accelerate took precision {made.mixed_precision!r} where run.precision is {settings.precision!r}: "
            "look for ACCELERATE_ in the environment."
        )
    return made
