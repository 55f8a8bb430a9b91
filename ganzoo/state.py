"""Everything that must survive for a resumed run to end exactly where it would have ended."""

from __future__ import annotations

import random
from typing import Any

import numpy as np
import torch
from torch.optim import Optimizer

from ganzoo.checkpoint import Checkpoint
from ganzoo.data import Batches
from ganzoo.ema import Ema
from ganzoo.engine import Engine
from ganzoo.errors import RunError


def capture(engine: Engine, ema: Ema | None, batches: Batches, t: int) -> Checkpoint:
    """The state after t steps. With several processes, each has files of its own for what differs between them."""
    procedure, rank = engine.procedure, engine.accelerator.process_index
    found = Checkpoint()
    found.tensors[f"rank-{rank:05d}"] = {
        **_random_tensors(),
        **{f"buffer.{n}": b for n, b in procedure.named_buffers()},
    }
    found.states[f"rank-{rank:05d}"] = _random_words()
    if not engine.accelerator.is_main_process:
        return found
    found.tensors["model"] = procedure.state_dict()
    found.tensors["optimizer"], groups = {}, {}
    for player, optimizer in engine.optimizers.items():
        tensors, groups[player] = _optimizer_state(optimizer)
        found.tensors["optimizer"] |= {f"{player}.{name}": tensor for name, tensor in tensors.items()}
    if ema:
        found.tensors["ema"] = ema.average
    found.states["state"] = {
        "step": t,
        "position": batches.position,
        "optimizers": groups,
        "scalers": {player: scaler.state_dict() for player, scaler in engine.scalers.items()},
        "ema_updates": ema.updates if ema else 0,
        "surroundings": surroundings(engine),
    }
    return found


def restore(saved: Checkpoint, engine: Engine, ema: Ema | None, batches: Batches) -> tuple[int, list[str]]:
    """Put everything back; returns the step, and what is different now so that bits may differ.

    Errors: RunError when the checkpoint does not fit the recipe.
    """
    try:
        return _put_back(saved, engine, ema, batches)
    except (KeyError, ValueError) as error:
        raise RunError(f"the checkpoint does not fit this recipe: {type(error).__name__}: {error}") from error


def _put_back(saved: Checkpoint, engine: Engine, ema: Ema | None, batches: Batches) -> tuple[int, list[str]]:
    state, procedure, rank = saved.states["state"], engine.procedure, engine.accelerator.process_index
    load_weights(procedure, saved)
    for player, optimizer in engine.optimizers.items():
        prefix = f"{player}."
        tensors = {n.removeprefix(prefix): t for n, t in saved.tensors["optimizer"].items() if n.startswith(prefix)}
        _load_optimizer(optimizer, tensors, state["optimizers"][player])
        if engine.scalers[player].is_enabled() and state["scalers"][player]:
            engine.scalers[player].load_state_dict(state["scalers"][player])
    if ema:
        for name, average in ema.average.items():
            average.copy_(saved.tensors["ema"][name])
        ema.updates = state["ema_updates"]
    batches.seek(state["position"])
    own = f"rank-{rank:05d}"
    if own in saved.states:
        for name, buffer in procedure.named_buffers():
            buffer.copy_(saved.tensors[own][f"buffer.{name}"])
        _load_random(saved.tensors[own], saved.states[own])
    before, now = state["surroundings"], surroundings(engine)
    return state["step"], [f"{key} was {before.get(key)}, is {now[key]}" for key in now if now[key] != before.get(key)]


def load_weights(procedure: torch.nn.Module, saved: Checkpoint) -> None:
    """The networks alone. Errors: RunError with the first names that do not fit."""
    try:
        procedure.load_state_dict(saved.tensors["model"])
    except (RuntimeError, KeyError) as error:
        lines = str(error).strip().splitlines()[:6]
        raise RunError("the checkpoint does not fit these networks:\n" + "\n".join(lines)) from error


def surroundings(engine: Engine) -> dict[str, Any]:
    """What the last bits of a result depend on beside the recipe."""
    accelerator = engine.accelerator
    device = accelerator.device
    return {
        "torch": torch.__version__,
        "device": torch.cuda.get_device_name(device) if device.type == "cuda" else device.type,
        "threads": torch.get_num_threads(),
        "processes": accelerator.num_processes,
    }


def _optimizer_state(optimizer: Optimizer) -> tuple[dict[str, torch.Tensor], dict[str, Any]]:
    """Tensors as "<parameter>.<name>", everything else as JSON."""
    stored = optimizer.state_dict()
    tensors: dict[str, torch.Tensor] = {}
    plain: dict[str, Any] = {}
    for index, values in stored["state"].items():
        for name, value in values.items():
            (tensors if torch.is_tensor(value) else plain)[f"{index}.{name}"] = value
    return tensors, {"state": plain, "param_groups": stored["param_groups"]}


def _load_optimizer(optimizer: Optimizer, tensors: dict[str, torch.Tensor], plain: dict[str, Any]) -> None:
    state: dict[int, dict[str, Any]] = {}
    for key, value in {**tensors, **plain["state"]}.items():
        index, _, name = key.partition(".")
        state.setdefault(int(index), {})[name] = value
    groups = [
        {name: tuple(value) if isinstance(own.get(name), tuple) else value for name, value in group.items()}
        for group, own in zip(plain["param_groups"], optimizer.param_groups, strict=True)
    ]
    optimizer.load_state_dict({"state": state, "param_groups": groups})


def _random_tensors() -> dict[str, torch.Tensor]:
    found = {"random.cpu": torch.get_rng_state()}
    if torch.cuda.is_available():
        found["random.cuda"] = torch.cuda.get_rng_state()
    return found


def _random_words() -> dict[str, Any]:
    name, words, *rest = np.random.get_state()  # plugins may draw from Python's and numpy's generators too
    return {"python": random.getstate(), "numpy": [name, np.asarray(words).tolist(), *rest]}


def _load_random(tensors: dict[str, torch.Tensor], words: dict[str, Any]) -> None:
    torch.set_rng_state(tensors["random.cpu"])
    if "random.cuda" in tensors and torch.cuda.is_available():
        torch.cuda.set_rng_state(tensors["random.cuda"])
    version, state, gauss = words["python"]
    random.setstate((version, tuple(state), gauss))
    name, keys, *rest = words["numpy"]
    np.random.set_state((name, np.array(keys, dtype=np.uint32), *rest))
