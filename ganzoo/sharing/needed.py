"""What of a procedure sampling needs: its generators, and whatever else sample() does not go without."""

from __future__ import annotations

import torch
from torch import Tensor

from ganzoo.procedure import Procedure
from ganzoo.sampling import preview


def state(procedure: Procedure) -> dict[str, Tensor]:
    """The state of what sample() uses: the generators, what it fails without, and what is the procedure's own."""
    generators = {id(generator) for generator in procedure.generators()}
    unused, whole = [], dict(procedure._modules)
    for name, part in list(procedure.named_children()):
        if part.state_dict() and not any(id(module) in generators for module in part.modules()):
            procedure._modules.pop(name)
            try:
                drawn(procedure, 1, 0)
                unused.append(name)
            except Exception:  # whatever it says: it does not go without
                pass
            finally:
                procedure._modules.update(whole)
    state = procedure.state_dict()
    return {name: state[name] for name in state if name.partition(".")[0] not in unused or "." not in name}


def drawn(procedure: Procedure, n: int, seed: int) -> Tensor:
    """What sample() makes from a seed; of a translator, from noise in the place of inputs."""
    device = next(procedure.parameters()).device
    y = torch.zeros(n, dtype=torch.long, device=device) if procedure.conditional else None
    with preview.sampling(procedure, device, seed):
        return procedure.sample(n, y)
