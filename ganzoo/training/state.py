"""Everything that must survive for a resumed run to end exactly where it would have ended."""

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
from ganzoo.utils import distributed, rng

SPREAD = 1_000_003


def capture(
    engine: Engine, ema: Ema | None, batches: Batches, t: int, packages: Mapping[str, str] | None = None
) -> Checkpoint:
    """The state after t steps. With several processes, each has files of its own for what differs between them.

    packages: versions of what the components come from, see surroundings().
    """
    procedure, rank = engine.procedure, distributed.rank()
    found = Checkpoint()
    found.tensors[_own(rank)] = {
        **rng.tensors(),
        **{f"buffer.{n}": b for n, b in procedure.named_buffers()},
    }
    found.states[_own(rank)] = rng.words()
    if not distributed.is_main():
        return found
    found.tensors["model"] = procedure.state_dict()
    found.tensors["optimizer"], groups = {}, {}
    for player, optimizer in engine.optimizers.items():
        tensors, groups[player] = optimizer_state(optimizer)
        found.tensors["optimizer"] |= {f"{player}.{name}": tensor for name, tensor in tensors.items()}
    if ema:
        found.tensors["ema"] = ema.average
    found.states["state"] = {
        "step": t,
        "position": batches.position,
        "optimizers": groups,
        "scalers": {player: scaler.state_dict() for player, scaler in engine.scalers.items()},
        "ema_updates": ema.updates if ema else 0,
        "surroundings": surroundings(engine, packages),
    }
    return found


def restore(
    saved: Checkpoint, engine: Engine, ema: Ema | None, batches: Batches, packages: Mapping[str, str] | None = None
) -> tuple[int, list[str]]:
    """Put everything back; returns the step, and what is different now so that bits may differ.

    Errors: RunError when the checkpoint does not fit the recipe.
    """
    step = restore_players(saved, engine, ema)
    with checkpoint.fitting():
        state, rank = saved.states["state"], distributed.rank()
        before, now = state["surroundings"], surroundings(engine, packages)
        examples = state["position"] * before["processes"]  # counted in batches of one process
        batches.seek(examples // now["processes"])
        if _own(rank) in saved.states:
            rng.put_back(saved.tensors[_own(rank)], saved.states[_own(rank)])
        else:  # a process that was not there before: noise that no step has seen
            set_seed((rank + examples * SPREAD) % 2**31)
    return step, differences(before, now)


def restore_players(saved: Checkpoint, engine: Engine, ema: Ema | None) -> int:
    """Networks, optimizers and averages as they were, everything else as it is; returns the step they are of.

    Errors: RunError when the checkpoint does not fit the recipe, before anything is copied.
    """
    with checkpoint.fitting():
        state, procedure = saved.states["state"], engine.procedure
        step, updates = int(state["step"]), int(state["ema_updates"])
        optimizers = {
            player: optimizer_dict(optimizer, _of(player, saved.tensors["optimizer"]), state["optimizers"][player])
            for player, optimizer in engine.optimizers.items()
        }
        buffers = _of("buffer", saved.tensors.get(_own(distributed.rank()), {}))
        checkpoint.check_tensors(buffers or dict(procedure.named_buffers()), dict(procedure.named_buffers()))
        checkpoint.check_tensors(saved.tensors["ema"] if ema else {}, ema.average if ema else {})
        checkpoint.load_weights(procedure, saved)
        for name, buffer in buffers.items():
            procedure.get_buffer(name).copy_(buffer)
        for player, optimizer in engine.optimizers.items():
            optimizer.load_state_dict(optimizers[player])
            if engine.scalers[player].is_enabled() and state["scalers"][player]:
                engine.scalers[player].load_state_dict(state["scalers"][player])
        if ema:
            ema.updates = updates
            for name, average in ema.average.items():
                average.copy_(saved.tensors["ema"][name])
    return step


def surroundings(engine: Engine, packages: Mapping[str, str] | None = None) -> dict[str, Any]:
    """What the last bits of a result depend on beside the recipe.

    packages: {distribution: version} of what the recipe's components come from.
    """
    device = engine.accelerator.device
    return {
        "torch": torch.__version__,
        "device": torch.cuda.get_device_name(device) if device.type == "cuda" else device.type,
        "threads": torch.get_num_threads(),
        "processes": distributed.world_size(),
        **(packages or {}),
    }


def differences(before: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    """Every surrounding that is another one now, in words."""
    names = [name for name in {**now, **before} if before.get(name) != now.get(name)]
    return [f"{name} was {before.get(name, 'not there')}, is {now.get(name, 'not there')}" for name in names]


def _own(rank: int) -> str:
    return f"rank-{rank:05d}"


def optimizer_state(optimizer: Optimizer) -> tuple[dict[str, torch.Tensor], dict[str, Any]]:
    """Tensors as "<parameter>.<name>", everything else as JSON."""
    stored = optimizer.state_dict()
    tensors: dict[str, torch.Tensor] = {}
    plain: dict[str, Any] = {}
    for index, values in stored["state"].items():
        for name, value in values.items():
            (tensors if torch.is_tensor(value) else plain)[f"{index}.{name}"] = value
    return tensors, {"state": plain, "param_groups": stored["param_groups"]}


def optimizer_dict(optimizer: Optimizer, tensors: dict[str, torch.Tensor], plain: dict[str, Any]) -> dict[str, Any]:
    """What load_state_dict() takes; JSON has made lists of tuples."""
    state: dict[int, dict[str, Any]] = {}
    for key, value in {**tensors, **plain["state"]}.items():
        index, _, name = key.partition(".")
        state.setdefault(int(index), {})[name] = value
    groups = [
        {name: tuple(value) if isinstance(own.get(name), tuple) else value for name, value in group.items()}
        for group, own in zip(plain["param_groups"], optimizer.param_groups, strict=True)
    ]
    return {"state": state, "param_groups": groups}


def _of(owner: str, tensors: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """Those called "owner.name", as "name"."""
    return {n.removeprefix(f"{owner}."): t for n, t in tensors.items() if n.startswith(f"{owner}.")}
