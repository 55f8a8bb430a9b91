"""Training of the small classifiers: shifted clean images, averaged weights, and an end when it no longer helps."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from ganzoo_builtins.extractors.classifier import apply_in_chunks

BATCH, LR = 128, 2e-3
LAST_LR = 0.1  # of the learning rate, which falls linearly
DECAY = 0.98  # of the averaged weights
SHIFT = 14  # images are shifted by up to a side of 14 parts, 2 pixels of 28
CHECK = 100  # steps between two looks at the validation samples
PATIENCE = 2  # looks without a lower loss, after which training ends

Labelled = tuple[Tensor, Tensor]
"""Samples (N, *shape), and their labels (N,)."""


def train(
    net: nn.Module,
    data: Labelled,
    steps: int,
    validation: Labelled | None = None,
    report: Callable[[int, float], None] = lambda step, loss: None,
) -> int:
    """Train a classifier by Adam, from PyTorch's random generator.

    Images are shifted by up to a fourteenth of their side, and are otherwise as they are: a classifier that has seen
    noise, blur or resampled images reads them too. In the end the weights are averages over about 50 steps.

    Args:
        net: The classifier, in evaluation mode afterwards.
        data: Training samples.
        steps: Number of steps at most.
        validation: Samples by which training ends early: when the averaged weights' loss on them has not fallen for
            200 steps; it keeps those of the lowest loss. None for all steps.
        report: Called after each step with its number and its loss.

    Returns:
        The number of steps taken.
    """
    optimizer = torch.optim.Adam(net.parameters(), lr=LR)
    schedule = torch.optim.lr_scheduler.LinearLR(optimizer, 1, LAST_LR, steps)
    average = AveragedModel(net, multi_avg_fn=get_ema_multi_avg_fn(DECAY), use_buffers=True).eval()
    lowest, lowest_at, best = torch.inf, 0, None
    taken = 0
    x, y = data
    net.train()
    with torch.enable_grad():
        for step, indices in zip(range(1, steps + 1), _batches(len(y)), strict=False):
            optimizer.zero_grad()
            loss = F.cross_entropy(net(shifted(x[indices])), y[indices])
            loss.backward()
            optimizer.step()
            schedule.step()
            average.update_parameters(net)
            report(step, loss.item())
            taken = step
            if validation and (step % CHECK == 0 or step == steps):
                loss_now = _loss(average.module, validation)
                if loss_now < lowest:
                    lowest, lowest_at = loss_now, step
                    best = {name: value.clone() for name, value in average.module.state_dict().items()}
                elif step - lowest_at >= PATIENCE * CHECK:
                    break
    net.load_state_dict(best or average.module.state_dict())
    net.eval()
    return taken


def shifted(x: Tensor) -> Tensor:
    """Return images (N, C, H, W), each shifted by up to a fourteenth of its side; points as they are.

    Pixels at the border are repeated.
    """
    if x.dim() != 4:
        return x
    n, _, height, width = x.shape
    most = max(height, width) // SHIFT
    windows = F.pad(x, (most,) * 4, mode="replicate").unfold(2, height, 1).unfold(3, width, 1)
    down, right = torch.randint(2 * most + 1, (2, n))
    return windows[torch.arange(n), :, down, right]  # (N, C, 2 most + 1, 2 most + 1, H, W) -> (N, C, H, W)


def _loss(net: nn.Module, validation: Labelled) -> float:
    x, y = validation
    return F.cross_entropy(apply_in_chunks(net, x), y).item()


def _batches(n: int) -> Iterator[Tensor]:
    """Yield the indices of batches (128,), or (n,) if n is less; shuffled every epoch, without the remainder."""
    while True:
        yield from torch.randperm(n)[: n // BATCH * BATCH or n].split(BATCH)
