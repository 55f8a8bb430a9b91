"""Muon for hidden layers and AdamW for the rest, scaled as in Liu et al. 2025 (arXiv:2502.16982)."""

from collections.abc import Sequence
from fnmatch import fnmatchcase
from typing import Annotated, Any

import torch
from pydantic import Field, NonNegativeFloat, PositiveFloat, PositiveInt
from torch import Tensor, nn
from torch.optim import AdamW, Optimizer
from torch.optim import Muon as TorchMuon

Named = list[tuple[str, nn.Parameter]]
Fraction = Annotated[float, Field(ge=0, lt=1)]
TABLES = ("*embedding*", "*class_vectors*", "*.gain.weight", "*.bias.weight")  # a row for each class


class Muon(AdamW):
    """Orthogonalised momentum for the hidden matrices of each network, AdamW for all other weights.

    A hidden matrix has two or more axes, of which all but the first are taken together, as the kernel of a convolution;
    it is neither the first nor the last of its network, and its name fits no pattern of `adamw`. Steps are scaled to
    the size of Adam's, so that one learning rate serves both. The steps are those of torch.optim. No published GAN was
    trained with it; the weight decay of torch.optim.Muon, 0.1, would pull a discriminator to zero and is 0 here.

    Args:
        named_parameters: Names and parameters of the player.
        lr: Learning rate.
        momentum: Momentum of Muon.
        nesterov: Nesterov's momentum in Muon.
        ns_steps: Newton-Schulz iterations of Muon, which make singular values nearly equal.
        betas: Decay rates of AdamW's averages of gradients and of their squares.
        eps: Added to AdamW's denominator.
        weight_decay: Decoupled weight decay of all weights.
        adamw: Patterns of names that AdamW updates whatever their shape; by default tables of classes.
    """

    def __init__(
        self,
        named_parameters: Named,
        lr: PositiveFloat = 1e-3,
        momentum: Fraction = 0.95,
        nesterov: bool = True,
        ns_steps: PositiveInt = 5,
        betas: tuple[Fraction, Fraction] = (0.9, 0.999),
        eps: PositiveFloat = 1e-8,
        weight_decay: NonNegativeFloat = 0.0,
        adamw: Sequence[str] = TABLES,
    ):
        hidden = hidden_matrices(named_parameters, adamw)
        groups: list[dict[str, Any]] = [
            {"params": [named for named in named_parameters if named[0] not in hidden], "muon": False},
            {"params": [named for named in named_parameters if named[0] in hidden], "muon": True},
        ]
        groups[1] |= {"momentum": momentum, "nesterov": nesterov, "ns_steps": ns_steps}
        super().__init__([group for group in groups if group["params"]], lr, betas, eps, weight_decay)
        self.register_step_pre_hook(step_hidden_matrices)


def hidden_matrices(named_parameters: Named, patterns: Sequence[str]) -> set[str]:
    """Return the names of the parameters that Muon updates.

    Args:
        named_parameters: Names, as in state_dict() of the procedure, and parameters of one player.
        patterns: Names that it does not update.

    Returns:
        Names of weights with two or more axes, without the first and the last of each network.
    """
    networks: dict[str, list[str]] = {}
    for name, parameter in named_parameters:
        if parameter.dim() >= 2 and not any(fnmatchcase(name, pattern) for pattern in patterns):
            networks.setdefault(name.partition(".")[0], []).append(name)
    return {name for names in networks.values() for name in names[1:-1]}


def step_hidden_matrices(optimizer: Optimizer, *_: object) -> None:
    """Make Muon's step, and take the gradients away from AdamW, whose own step follows."""
    assert isinstance(optimizer, Muon)
    for group in optimizer.param_groups:
        moved = [p for p in group["params"] if p.grad is not None] if group["muon"] else []
        if not moved:
            continue
        matrices = [as_matrix(p) for p in moved]
        muon = TorchMuon(
            matrices,
            lr=group["lr"],
            weight_decay=group["weight_decay"],
            momentum=group["momentum"],
            nesterov=group["nesterov"],
            ns_steps=group["ns_steps"],
            adjust_lr_fn="match_rms_adamw",
        )
        for p, matrix in zip(moved, matrices, strict=True):
            muon.state[matrix] = optimizer.state[p]
            optimizer.state[p].setdefault("step", torch.zeros(()))  # AdamW asks for it when its state is loaded
        muon.step()
        for p, matrix in zip(moved, matrices, strict=True):
            p.data.copy_(matrix.view_as(p))
            p.grad = None


def as_matrix(p: Tensor) -> Tensor:
    """Return a weight and its gradient with all axes but the first taken together."""
    assert p.grad is not None
    matrix = p.detach().flatten(1)
    matrix.grad = p.grad.flatten(1)
    return matrix
