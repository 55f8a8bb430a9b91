"""Minibatch discrimination, Salimans et al. 2016 (arXiv:1606.03498), section 3.2."""

import torch
from torch import Tensor, nn


class MinibatchDiscrimination(nn.Module):
    """Appends to the features f of each sample its closeness o to the other samples of the batch.

    M_i = f(x_i) T is a matrix of `kernels` rows and `dims` columns; o(x_i)_b = sum over j != i of
    exp(-||M_ib - M_jb||_1). The paper's sum includes j = i, which adds 1 to every o. Real and fake samples must be in
    separate batches.

    Args:
        n_in: Width of f.
        kernels: Number of closenesses of each sample, the paper's B.
        dims: Dimensions of the space in which each closeness is measured, the paper's C.
    """

    mixes_samples = True

    def __init__(self, n_in: int, kernels: int = 100, dims: int = 5):
        super().__init__()
        self.kernels = kernels
        self.dims = dims
        self.T = nn.Parameter(torch.empty(n_in, kernels * dims))
        nn.init.normal_(self.T, 0.0, n_in**-0.5)  # so that M is about as large as the features

    def forward(self, f: Tensor) -> Tensor:
        M = (f @ self.T).unflatten(1, (self.kernels, self.dims))  # (N, n_in) -> (N, kernels, dims)
        distance = (M[:, None] - M[None]).abs().sum(dim=3)  # (N, N, kernels)
        o = (-distance).exp().sum(dim=1) - 1  # (N, kernels), without the sample itself
        return torch.cat([f, o], dim=1)  # (N, n_in + kernels)
