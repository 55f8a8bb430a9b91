"""Batch-norm statistics for averaged weights, estimated from samples that these weights generate."""

from __future__ import annotations

from functools import cached_property

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from ganzoo.data import subset
from ganzoo.interfaces import Batch, Dataset
from ganzoo.procedure import Procedure
from ganzoo.sampling import preview
from ganzoo.translator import Translator
from ganzoo.utils import modes, rng

BATCHES = 16
SEED = 0  # of noise, labels and inputs: the same weights always have the same statistics


class StandingStatistics:
    """Statistics of the batch norm of averaged networks, over several batches of samples.

    The running statistics of training belong to the trained weights. For averaged weights, Brock et al. 2019
    (arXiv:1809.11096) generate batches of samples with batch norm in training mode, and use the mean of their
    statistics: "standing statistics". Here they are 16 batches of the training's size, from a constant seed. Labels
    have the frequencies of training; a translator translates examples of the data.

    Args:
        procedure: Its averaged() modules contain the layers.
        dataset: Labels for conditional procedures, and inputs for translators.
        batch_size: Samples per batch.
        balance: Training draws all classes with equal probability.
    """

    def __init__(self, procedure: Procedure, dataset: Dataset, batch_size: int, balance: bool = False):
        self.procedure = procedure
        self.dataset = dataset
        self.batch_size = batch_size
        self.balance = balance
        averaged = {id(layer) for module in procedure.averaged() for layer in module.modules()}
        self.layers: dict[str, _BatchNorm] = {
            name: layer for name, layer in procedure.named_modules() if id(layer) in averaged and _can_estimate(layer)
        }

    def buffers(self) -> dict[str, Tensor]:
        """Return running mean, running variance and number of batches of each layer, by their names in the procedure.

        Returns:
            The buffers that the layers have at present.
        """
        return {f"{name}.{key}": buffer for name, layer in self.layers.items() for key, buffer in _buffers(layer)}

    def estimate(self) -> None:
        """Estimate the statistics for the present weights, in place.

        Layers that sample() does not use, such as those of a classifier, keep their statistics. Nothing else changes:
        neither other buffers nor the random numbers of training.
        """
        layers = list(self.layers.values())
        if not layers:
            return
        before = [[buffer.clone() for _, buffer in _buffers(layer)] for layer in layers]
        momenta = [layer.momentum for layer in layers]
        device = next(self.procedure.parameters()).device
        try:
            with modes.sampling(self.procedure, device, SEED):
                for layer in layers:
                    layer.reset_running_stats()
                    layer.momentum = None  # all batches count the same
                    layer.train()
                for k in range(BATCHES):
                    self._generate(k, device)
        finally:
            for layer, momentum in zip(layers, momenta, strict=True):
                layer.momentum = momentum
        for layer, kept in zip(layers, before, strict=True):
            if not layer.num_batches_tracked:
                for (_, buffer), value in zip(_buffers(layer), kept, strict=True):
                    buffer.copy_(value)

    def _generate(self, k: int, device: torch.device) -> None:
        """Generate batch k."""
        rows = slice(k * self.batch_size, (k + 1) * self.batch_size)
        batch = {key: value[rows].to(device) for key, value in self._examples.items()}
        y = batch["y"] if self.procedure.conditional else None
        if isinstance(self.procedure, Translator):
            self.procedure.translate(self.procedure.pairs(batch)[0], y)
        else:
            self.procedure.sample(self.batch_size, y)

    @cached_property
    def _examples(self) -> Batch:
        """The labels of all samples of a conditional procedure; whole examples for a translator."""
        n, classes = BATCHES * self.batch_size, self.dataset.spec.classes
        if isinstance(self.procedure, Translator):
            with rng.seeded(SEED):
                return subset.take_random(self.dataset, n, SEED)
        if not self.procedure.conditional:
            return {}
        labels = None if self.balance else self.dataset.all_labels()
        if labels is None:
            return {"y": preview.classes_in_turn(n, classes, torch.device("cpu"))}
        return {"y": labels[torch.randint(len(labels), (n,), generator=torch.Generator().manual_seed(SEED))]}


def _can_estimate(layer: nn.Module) -> bool:
    """Return True for batch norm whose running statistics are trained.

    `SyncBatchNorm` waits for other processes, and one alone samples; frozen layers are in evaluation mode.
    """
    trains = isinstance(layer, _BatchNorm) and layer.training and layer.running_mean is not None
    return trains and not isinstance(layer, nn.SyncBatchNorm)


def _buffers(layer: _BatchNorm) -> list[tuple[str, Tensor]]:
    return list(layer.named_buffers(recurse=False))
