"""Device, precision and processes of a training run, through Accelerate."""

from __future__ import annotations

import atexit
import ctypes
import functools
import os
import platform
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import torch
import torch.distributed
from accelerate import Accelerator, PartialState
from accelerate.state import AcceleratorState
from accelerate.utils import DynamoBackend, parse_flag_from_env

from ganzoo.config.recipe import RunSettings
from ganzoo.errors import IncompatibleError, SetupError
from ganzoo.utils import distributed

if torch.distributed.is_available():
    # The defaults of this module keep the process group that exists when it is first imported, and gloo's threads with
    # it, which would outlive _destroy_group_at_exit(). No group exists yet.
    import torch.distributed.nn.functional

OFF = ("", "0", "n", "no", "f", "false", "off")
OVERRIDES = {
    "ACCELERATE_GRADIENT_ACCUMULATION_STEPS": ("1",),  # has priority over the argument
    "ACCELERATE_DYNAMO_BACKEND": ("no",),  # compiles every network, and allows TF32
    "ACCELERATE_DOWNCAST_BF16": ("",),  # any text enables it
    "ACCELERATE_USE_FSDP": OFF,
    "ACCELERATE_USE_DEEPSPEED": OFF,
    "ACCELERATE_USE_MEGATRON_LM": OFF,
    "ACCELERATE_USE_PARALLELISM_CONFIG": OFF,  # without it, PARALLELISM_CONFIG_* is not read
    "ACCELERATE_USE_SAGEMAKER": OFF,
}
"""Environment variables by which Accelerate would change a run, with the values that change nothing.

ACCELERATE_MIXED_PRECISION is not here: run.precision has priority over it. `accelerate launch` sets some of these,
mostly to values that change nothing.
"""

PATIENCE = 10.0  # seconds
M_TRIM_THRESHOLD, M_MMAP_THRESHOLD = -1, -3  # of malloc.h
LARGEST_THRESHOLD = 32 * 2**20  # bytes; the largest M_MMAP_THRESHOLD that glibc accepts
TRIM_THRESHOLD = 2**30  # bytes free at the top of the heap; what is beyond goes back to the kernel


def check_environment() -> None:
    """Refuse environment variables that change the training behind the recipe's back.

    Raises:
        SetupError: Names every such variable.
    """
    present = {name: os.environ[name] for name in OVERRIDES if os.environ.get(name, "").strip()}
    if wrong := [name for name, value in present.items() if value.strip().lower() not in OVERRIDES[name]]:
        values = ", ".join(f"{name}={present[name]}" for name in wrong)
        raise SetupError(
            f"{values} would change how networks are trained, behind the recipe's back. Type: unset {' '.join(wrong)}"
        )


def processes() -> PartialState:
    """Join the processes that torchrun or `accelerate launch` started.

    Accelerate joins processes on a CPU only when told that a CPU is meant.

    Returns:
        Accelerate's state of this process.

    Raises:
        SetupError: Not all processes joined, so that each would train alone; or an environment variable cannot be
            read, or is refused by check_environment().
    """
    check_environment()
    _check_launcher()
    try:
        cpu = parse_flag_from_env("ACCELERATE_USE_CPU") or not torch.accelerator.is_available()
        requested = int(os.environ.get("WORLD_SIZE") or "1")
        with _patience(requested):
            waits = {"timeout": distributed.LONGEST_WAIT} if requested > 1 else {}
            state = PartialState(cpu=cpu, **waits)
    except (ValueError, RuntimeError) as error:
        raise SetupError(
            f"Accelerate cannot start: {error}. See what it reads: env | grep -E 'ACCELERATE|RANK|WORLD|MASTER'"
        ) from error
    if state.num_processes != requested:
        raise SetupError(
            f"WORLD_SIZE asks for {requested} processes and {state.num_processes} joined. Start them with "
            "`torchrun --standalone --nproc_per_node N -m ganzoo run ...`, or unset WORLD_SIZE."
        )
    if state.num_processes > 1:
        _destroy_group_at_exit()
    return state


def _check_launcher() -> None:
    """Refuse processes that `accelerate launch --cpu` started: it tells them where to meet, and not how many they are.

    Raises:
        SetupError: This process would train alone, as would each of the others.
    """
    by_accelerate = {"ACCELERATE_MIXED_PRECISION", "MASTER_ADDR"} <= os.environ.keys()
    if by_accelerate and not {"WORLD_SIZE", "RANK"} & os.environ.keys():
        raise SetupError(
            "on CPUs, processes that `accelerate launch` starts do not find each other, and each would train alone. "
            "Start them with `torchrun --standalone --nproc_per_node N -m ganzoo run ...`. For one process: unset "
            "MASTER_ADDR"
        )


@contextmanager
def _patience(processes: int) -> Iterator[None]:
    """Say after PATIENCE seconds what is waited for: a process that never comes is otherwise awaited in silence."""
    place = ":".join(os.environ.get(name, "unset") for name in ("MASTER_ADDR", "MASTER_PORT"))
    text = f"waiting for the other processes: {processes} should meet at {place}; Ctrl-C ends this one\n"
    timer = threading.Timer(PATIENCE, sys.stderr.write, [text])
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


@functools.cache
def _destroy_group_at_exit() -> None:
    """Leave the process group before Python ends: otherwise gloo's threads abort about one exit in six."""
    atexit.register(PartialState().destroy_process_group)


def accelerator(settings: RunSettings) -> Accelerator:
    """Build the Accelerator of a run.

    Args:
        settings: The table `run` of the recipe, which has the precision.

    Returns:
        The Accelerator, checked to have the precision and to change nothing else.

    Raises:
        IncompatibleError: The device does not have the precision.
        SetupError: See processes().
    """
    device = processes().device
    if settings.precision == "fp16" and device.type == "cpu":
        raise IncompatibleError('run.precision = "fp16" needs a GPU: on a CPU use "bf16" or "no".')
    keep_freed_memory()
    AcceleratorState._reset_state()  # one process may train with several precisions, one after the other
    result = Accelerator(mixed_precision=settings.precision, cpu=device.type == "cpu")
    if (result.gradient_accumulation_steps, result.state.dynamo_plugin.backend) != (1, DynamoBackend.NO):
        raise SetupError(
            f"Accelerate accumulates gradients over {result.gradient_accumulation_steps} steps and compiles by "
            f"{result.state.dynamo_plugin.backend}, which nobody asked for: look for ACCELERATE_ in the environment."
        )
    if result.mixed_precision != settings.precision:
        raise SetupError(
            f"Accelerate took precision {result.mixed_precision!r} where run.precision is {settings.precision!r}: "
            "look for ACCELERATE_ in the environment."
        )
    return result


def slow_precision(precision: str, device: torch.device) -> str:
    """Return a warning if this processor has no arithmetic for a precision, otherwise "".

    Args:
        precision: `run.precision`.
        device: The device to train on.

    Returns:
        One sentence.
    """
    if precision != "bf16" or device.type != "cpu" or _has_bfloat16():
        return ""
    return (
        'run.precision = "bf16" will take up to ten times as long as "no": this processor has no bfloat16 arithmetic. '
        "Set run.precision=no."
    )


def _has_bfloat16() -> bool:
    """Return False when PyTorch emulates bfloat16 on this processor; True where PyTorch does not know."""
    if platform.machine().lower() in ("x86_64", "amd64"):
        return bool(torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported())
    try:
        return bool(torch.ops.mkldnn._is_mkldnn_bf16_supported())
    except (AttributeError, RuntimeError):
        return True


@functools.cache
def keep_freed_memory() -> bool:
    """Make glibc keep the memory that a training step frees for the next step.

    By default, glibc returns large blocks to the kernel when a tensor is freed, and every step faults the same pages in
    again: 1,700 faults a step of two fully connected networks, and 15 to 17 % of the time of a step on one core
    (docs/benchmarks.md). The peak memory is unchanged, because a run needs the same blocks again and again.

    Returns:
        False when nothing was changed, because the C library is not glibc or the user has tuned it.
    """
    tuned = "GLIBC_TUNABLES" in os.environ or any(name.startswith("MALLOC_") for name in os.environ)
    if tuned or not sys.platform.startswith("linux"):
        return False
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)  # musl has none
    if mallopt is None:
        return False
    return bool(mallopt(M_MMAP_THRESHOLD, LARGEST_THRESHOLD)) and bool(mallopt(M_TRIM_THRESHOLD, TRIM_THRESHOLD))
