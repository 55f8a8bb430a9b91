"""Historical averaging, Salimans et al. 2016 (arXiv:1606.03498), section 3.3."""

import torch
from pydantic import NonNegativeFloat
from torch import nn

from ganzoo import Comparison, Regularizer, Schedulable, Spec, Terms


class HistoricalAveraging(Regularizer, nn.Module):
    """Penalty weight * ||theta - (1/t) sum_i theta[i]||^2 for either player, where theta are all its parameters.

    The mean includes the parameters before each of the player's moves so far, the current one included. Parameters that
    a later regularizer of the recipe adds are not averaged.

    Args:
        weight: Weight of the penalty; the paper has none, which is 1.
    """

    def __init__(self, weight: Schedulable[NonNegativeFloat] = 1.0):
        super().__init__()
        self.weight = weight
        self.averaged: dict[str, list[nn.Parameter]] = {}

    def attach(self, discriminator: nn.Module, generator: nn.Module, spec: Spec) -> None:
        for player, network in (("discriminator", discriminator), ("generator", generator)):
            self.averaged[player] = [p for p in network.parameters() if p.requires_grad]
            device = next(network.parameters()).device
            self.register_buffer(f"{player}_t", torch.zeros((), device=device))
            for i, parameter in enumerate(self.averaged[player]):
                self.register_buffer(f"{player}_mean_{i}", torch.zeros_like(parameter))

    def terms(self, comparison: Comparison) -> Terms:
        return self._distance("discriminator")

    def generator_terms(self, comparison: Comparison) -> Terms:
        return self._distance("generator")

    def _distance(self, player: str) -> Terms:
        if player not in self.averaged:
            return {}
        t, parameters = self.get_buffer(f"{player}_t"), self.averaged[player]
        means = [self.get_buffer(f"{player}_mean_{i}") for i in range(len(parameters))]
        with torch.no_grad():
            t += 1
            for mean, parameter in zip(means, parameters, strict=True):
                mean += (parameter - mean) / t
        distances = [(parameter - mean).square().sum() for parameter, mean in zip(parameters, means, strict=True)]
        return {"historical_averaging": self.weight * torch.stack(distances).sum()}
