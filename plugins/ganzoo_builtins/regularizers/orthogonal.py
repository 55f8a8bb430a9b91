"""The orthogonal regularization of BigGAN, Brock et al. 2019 (arXiv:1809.11096), equation (3)."""

import torch
from pydantic import NonNegativeFloat, PositiveInt
from torch import Tensor, nn

from ganzoo import Comparison, Regularizer, Schedulable, Terms


class Orthogonal(Regularizer):
    """Penalty weight * sum over W of ||W W^T * (1 - I)||^2 on the generator: rows of a weight differ in direction.

    A row is what one unit or channel of a layer is computed by; the lengths of rows are free. Biases, gains and
    embeddings are left out. Under spectral normalisation, W is the weight before it.

    Args:
        weight: The paper's beta, 1e-4 there. The authors' code adds half of this penalty's gradient.
        every: Steps from one computation of the penalty to the next; it is multiplied by as many.
    """

    def __init__(self, weight: Schedulable[NonNegativeFloat] = 1e-4, every: PositiveInt = 1):
        self.weight = weight
        self.every = every

    def generator_terms(self, comparison: Comparison) -> Terms:
        penalties = [off_diagonal(rows) for rows in matrices(comparison.generator)]
        return {"orthogonal": self.weight * torch.stack(penalties).sum()} if penalties else {}


def matrices(network: nn.Module) -> list[Tensor]:
    """Return the trained weights of all layers but embeddings as matrices (outputs, inputs)."""
    embeddings = [module for module in network.modules() if isinstance(module, nn.Embedding)]
    left_out = {id(parameter) for module in embeddings for parameter in module.parameters()}
    rows = []
    for module in network.modules():
        transposed = isinstance(module, nn.modules.conv._ConvTransposeNd)
        for parameter in module.parameters(recurse=False):
            if parameter.dim() > 1 and id(parameter) not in left_out:
                rows.append((parameter.transpose(0, 1) if transposed else parameter).flatten(1))
    return rows


def off_diagonal(rows: Tensor) -> Tensor:
    """Return the sum of the squared inner products of different rows, (outputs, inputs) -> ()."""
    rows = rows.float()
    products = rows @ rows.T  # (outputs, outputs)
    return products.square().sum() - products.diagonal().square().sum()
