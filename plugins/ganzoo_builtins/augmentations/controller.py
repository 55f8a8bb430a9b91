"""A probability that rises while a discriminator overfits, Karras et al. 2020 (arXiv:2006.06676), section 3.1."""

import torch
from torch import Tensor, nn

from ganzoo import Comparison, IncompatibleError, Loss, Terms


class Controller(nn.Module):
    """Raises a probability p while the discriminator recognizes more real samples than it should, and lowers it else.

    The heuristic is r = E sign(D(x)) over real samples, 0 for a discriminator that guesses and 1 for one that knows the
    data by heart. Every few moves of the discriminator p changes by a step whose sign is that of r - target; the step
    is the share of these moves' samples in `images`. State is equal on all processes, and saved in checkpoints.

    Args:
        target: The r that is aimed at.
        images: Number of real samples in which p can rise from 0 to 1.
        every: Moves of the discriminator from one change to the next.
        limit: Largest p.
    """

    p: Tensor
    sign: Tensor
    signs: Tensor
    samples: Tensor
    moves: Tensor

    def __init__(self, target: float, images: int, every: int, limit: float):
        super().__init__()
        self.target = target
        self.images = images
        self.every = every
        self.limit = limit
        self.threshold = 0.0
        for name in ("p", "sign", "signs", "samples", "moves"):
            self.register_buffer(name, torch.tensor(0.0))

    def fit(self, loss: Loss | None, name: str) -> None:
        """Take the logit that separates real samples from others from the loss.

        Args:
            loss: The loss; None for a logit of 0.
            name: Of the augmentation, for a message.

        Raises:
            IncompatibleError: Its logits have no such value.
        """
        threshold = 0.0 if loss is None else getattr(loss, "threshold", 0.0)
        if threshold is None:
            raise IncompatibleError(
                f"augmentation {name} counts the real samples that the discriminator recognizes, and no logit of loss "
                f"{type(loss).__name__} separates them from fakes: use another loss, such as non_saturating, or "
                "diff_augment."
            )
        self.threshold = threshold

    @torch.no_grad()
    def observe(self, comparison: Comparison) -> None:
        """Count the real samples of a move that are recognized."""
        real = comparison.real_logits
        real = comparison.critic(comparison.real) if real is None else real
        self.signs += comparison.over_processes((real.float() - self.threshold).sign().mean())
        self.samples += len(comparison.real) * comparison.processes

    @torch.no_grad()
    def after_move(self) -> None:
        """Change p, if it is time. Nothing waits for the device."""
        self.moves += 1
        is_due = self.moves == self.every
        sign = self.signs / self.every
        self.sign.copy_(torch.where(is_due, sign, self.sign))
        step = is_due * (sign - self.target).sign() * self.samples / self.images
        self.p.add_(step).clamp_(0, self.limit)
        for counter in (self.moves, self.signs, self.samples):
            counter.mul_(~is_due)

    def report(self, name: str) -> Terms:
        """Return p, and the last r."""
        return {f"{name}_p": self.p, f"{name}_sign": self.sign}
