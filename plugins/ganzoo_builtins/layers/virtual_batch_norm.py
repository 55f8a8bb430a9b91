"""Virtual batch normalisation, Salimans et al. 2016 (arXiv:1606.03498), section 3.5."""

import torch
from torch import Tensor, nn


class VirtualBatchNorm(nn.Module):
    """Normalises each sample by the statistics of a fixed reference batch and of itself.

    The first R rows of the input (R + N, C, ...) are the reference batch, normalised by their own statistics; they stay
    in the output for the layers that follow. Each sample counts as one of R + 1.

    Args:
        features: Number of channels C.
        reference: Number of samples R in the reference batch.
        eps: Epsilon that is added to the variance.
        affine: Learn a scale and a shift for each channel.
    """

    def __init__(self, features: int, reference: int, eps: float = 1e-5, affine: bool = True):
        super().__init__()
        self.reference = reference
        self.eps = eps
        self.weight = nn.Parameter(torch.ones(features)) if affine else None
        self.bias = nn.Parameter(torch.zeros(features)) if affine else None

    def forward(self, x: Tensor) -> Tensor:
        R, pixels, dtype = self.reference, tuple(range(2, x.dim())), x.dtype
        x = x.to(torch.promote_types(dtype, torch.float32))  # statistics need the digits
        mean = x.mean(pixels, keepdim=True) if pixels else x  # (R + N, C, 1, ...), of each sample alone
        var = (x - mean).square().mean(pixels, keepdim=True) if pixels else torch.zeros_like(x)
        mean_r = mean[:R].mean(0, keepdim=True)  # (1, C, 1, ...)
        var_r = (var[:R] + (mean[:R] - mean_r).square()).mean(0, keepdim=True)
        share = 1 / (R + 1)  # of the sample among the reference batch and itself
        difference = mean[R:] - mean_r  # (N, C, 1, ...)
        mean = torch.cat([mean_r.expand_as(mean[:R]), mean_r + share * difference])  # (R + N, C, 1, ...)
        mixed = share * var[R:] + (1 - share) * (var_r + share * difference.square())
        var = torch.cat([var_r.expand_as(var[:R]), mixed])  # (R + N, C, 1, ...)
        x = (x - mean) * (var + self.eps).rsqrt()  # (R + N, C, ...)
        if self.weight is not None and self.bias is not None:
            shape = (1, -1, *[1] * len(pixels))
            x = x * self.weight.view(shape) + self.bias.view(shape)
        return x.to(dtype)
