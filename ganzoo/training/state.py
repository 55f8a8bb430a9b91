"""The complete training state, so that a resumed run ends with the same bits as one that never stopped."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from accelerate.utils import set_seed
from torch.optim import Optimizer

from ganzoo.data.loader import Batches
from ganzoo.runs import checkpoint
from ganzoo.runs.checkpoint import Checkpoint
from ganzoo.training.ema import Ema
from ganzoo.training.engine import Engine
from ganzoo.utils import distributed, memory_format, rng

SPREAD = 1_000_003  # a prime, so that seeds of different positions and ranks differ


def capture(
    engine: Engine, ema: Ema, batches: Batches, t: int, packages: Mapping[str, str] | None = None
) -> Checkpoint:
    """Capture the state after t steps.

    Args:
        engine: Networks and optimizers.
        ema: Averaged weights.
        batches: The data, whose position is saved.
        t: Number of steps done.
        packages: See surroundings().

    Returns:
        The part that this process saves: its random state and buffers, in files of its own, and in the main process
        all the rest.
    """
    procedure, rank = engine.procedure, distributed.rank()
    captured = Checkpoint()
    captured.tensors[_rank_file(rank)] = {
        **rng.tensors(),
        **{f"buffer.{n}": b for n, b in procedure.named_buffers()},
    }
    captured.states[_rank_file(rank)] = rng.words()
    if not distributed.is_main():
        return captured
    captured.tensors["model"] = procedure.state_dict()
    captured.tensors["optimizer"], groups = {}, {}
    for player, optimizer in engine.optimizers.items():
        tensors, groups[player] = optimizer_state(optimizer)
        captured.tensors["optimizer"] |= {f"{player}.{name}": tensor for name, tensor in tensors.items()}
    if ema.average:
        captured.tensors["ema"] = ema.tensors()
    if ema.others:
        captured.tensors["averages"] = {
            f"{name}.{key}": tensor for name, other in ema.others.items() for key, tensor in other.tensors().items()
        }
    captured.states["state"] = {
        "step": t,
        "position": batches.position,
        "optimizers": groups,
        "scalers": {player: scaler.state_dict() for player, scaler in engine.scalers.items()},
        "ema_updates": ema.updates,
        "surroundings": surroundings(engine, packages),
    }
    return captured


def restore(
    saved: Checkpoint,
    engine: Engine,
    ema: Ema,
    batches: Batches,
    packages: Mapping[str, str] | None = None,
    threads: int | str | None = None,
) -> tuple[int, list[str]]:
    """Restore the whole state of a checkpoint.

    Args:
        saved: The checkpoint.
        engine: Receives networks and optimizers.
        ema: Receives averaged weights.
        batches: Moved to the saved position.
        packages: See surroundings().
        threads: The number of threads from now on, or how it is chosen; by default the present number.

    Returns:
        The step of the checkpoint, and the differences because of which results may differ in the last bits.

    Raises:
        RunError: The checkpoint does not fit the recipe.
    """
    step = restore_players(saved, engine, ema)
    with checkpoint.fitting():
        state, rank = saved.states["state"], distributed.rank()
        before, now = state["surroundings"], surroundings(engine, packages)
        now["threads"] = threads or now["threads"]
        examples = state["position"] * before["processes"]  # the position counts batches of one process
        batches.seek(examples // now["processes"])
        if _rank_file(rank) in saved.states:
            rng.restore(saved.tensors[_rank_file(rank)], saved.states[_rank_file(rank)])
        else:  # a process that did not exist before: noise that no step has used
            set_seed((rank + examples * SPREAD) % 2**31)
    return step, differences(before, now)


def restore_players(saved: Checkpoint, engine: Engine, ema: Ema) -> int:
    """Restore networks, optimizers and averaged weights, and leave data and noise alone.

    Args:
        saved: The checkpoint.
        engine: Receives networks and optimizers.
        ema: Receives averaged weights.

    Returns:
        The step of the checkpoint.

    Raises:
        RunError: The checkpoint does not fit the recipe; nothing was changed.
    """
    with checkpoint.fitting():
        state, procedure = saved.states["state"], engine.procedure
        step, updates = int(state["step"]), int(state["ema_updates"])
        tensors = saved.tensors["optimizer"]
        optimizers = {
            player: optimizer_dict(optimizer, _with_prefix(player, tensors), state["optimizers"][player])
            for player, optimizer in engine.optimizers.items()
        }
        present = dict(procedure.named_buffers())
        buffers = _with_prefix("buffer", saved.tensors.get(_rank_file(distributed.rank()), {}))
        checkpoint.check_tensors(buffers or present, present)
        averages = saved.tensors["ema"] if ema.average else {}
        averages = {n: t for n, t in averages.items() if n not in present}  # statistics are estimated again when used
        checkpoint.check_tensors(averages, ema.average)
        others = saved.tensors["averages"] if ema.others else {}
        of_others = {name: _with_prefix(name, others) for name in ema.others}
        for name, other in ema.others.items():
            checkpoint.check_tensors({n: t for n, t in of_others[name].items() if n not in present}, other.average)
        checkpoint.load_weights(procedure, saved)
        for name, buffer in buffers.items():
            procedure.get_buffer(name).copy_(buffer)
        for player, optimizer in engine.optimizers.items():
            optimizer.load_state_dict(optimizers[player])
            memory_format.align_state(optimizer)
            if engine.scalers[player].is_enabled() and state["scalers"][player]:
                engine.scalers[player].load_state_dict(state["scalers"][player])
        ema.load(averages, updates)
        for name, other in ema.others.items():
            other.load(of_others[name], step)
    return step


def surroundings(engine: Engine, packages: Mapping[str, str] | None = None) -> dict[str, Any]:
    """Describe everything but the recipe on which the last bits of a result depend.

    Args:
        engine: Its device is recorded.
        packages: Distribution -> version, of the distributions with components of the recipe.

    Returns:
        Name -> version, device or number.
    """
    device = engine.accelerator.device
    order = {"order of images": "channels-last"} if memory_format.is_channels_last(engine.procedure) else {}
    return {
        "torch": torch.__version__,
        "device": torch.cuda.get_device_name(device) if device.type == "cuda" else device.type,
        "threads": torch.get_num_threads(),
        "processes": distributed.world_size(),
        **order,
        **(packages or {}),
    }


def differences(before: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    """Return a sentence for each value of surroundings() that has changed."""
    names = [name for name in {**now, **before} if before.get(name) != now.get(name)]
    return [f"{name} was {before.get(name, 'not there')}, is {now.get(name, 'not there')}" for name in names]


def _rank_file(rank: int) -> str:
    return f"rank-{rank:05d}"


def optimizer_state(optimizer: Optimizer) -> tuple[dict[str, torch.Tensor], dict[str, Any]]:
    """Split the state of an optimizer into tensors, named "<parameter>.<name>", and values for JSON."""
    stored = optimizer.state_dict()
    tensors: dict[str, torch.Tensor] = {}
    plain: dict[str, Any] = {}
    for index, values in stored["state"].items():
        for name, value in values.items():
            (tensors if torch.is_tensor(value) else plain)[f"{index}.{name}"] = value
    return tensors, {"state": plain, "param_groups": stored["param_groups"]}


def optimizer_dict(optimizer: Optimizer, tensors: dict[str, torch.Tensor], plain: dict[str, Any]) -> dict[str, Any]:
    """Join what optimizer_state() has split.

    Args:
        optimizer: Its settings say which lists of JSON were tuples.
        tensors: The tensors.
        plain: The other values.

    Returns:
        The argument of load_state_dict().
    """
    state: dict[int, dict[str, Any]] = {}
    for key, value in {**tensors, **plain["state"]}.items():
        index, _, name = key.partition(".")
        state.setdefault(int(index), {})[name] = value
    groups = [
        {name: tuple(value) if isinstance(present.get(name), tuple) else value for name, value in group.items()}
        for group, present in zip(plain["param_groups"], optimizer.param_groups, strict=True)
    ]
    return {"state": state, "param_groups": groups}


def _with_prefix(prefix: str, tensors: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """Return the tensors named "prefix.name" as "name"."""
    return {n.removeprefix(f"{prefix}."): t for n, t in tensors.items() if n.startswith(f"{prefix}.")}
