"""Virtual batch normalisation, Salimans et al. 2016 (arXiv:1606.03498), section 3.5."""

import torch
from torch import Tensor, nn


class VirtualBatchNorm(nn.Module):
    """Each sample is normalised by the statistics of a fixed reference batch and of itself; no other sample matters.

    The first `reference` rows of the input are that batch, normalised by their own statistics; they leave with the
    others, for the layers that follow. The sample counts as one of reference + 1.

    features: channels of (R + N, C, ...). reference: R.
    """

    def __init__(self, features: int, reference: int, eps: float = 1e-5, affine: bool = True):
        super().__init__()
        self.reference = reference
        self.eps = eps
        self.weight = nn.Parameter(torch.ones(features)) if affine else None
        self.bias = nn.Parameter(torch.zeros(features)) if affine else None

    def forward(self, x: Tensor) -> Tensor:
        R, pixels, given = self.reference, tuple(range(2, x.dim())), x.dtype
        x = x.to(torch.promote_types(given, torch.float32))  # statistics need the digits
        mean = x.mean(pixels, keepdim=True) if pixels else x  # (R + N, C, 1, ...), of each sample alone
        var = (x - mean).square().mean(pixels, keepdim=True) if pixels else torch.zeros_like(x)
        mean_r = mean[:R].mean(0, keepdim=True)  # (1, C, 1, ...)
        var_r = (var[:R] + (mean[:R] - mean_r).square()).mean(0, keepdim=True)
        share = 1 / (R + 1)  # of the sample among the reference batch and itself
        apart = mean[R:] - mean_r  # (N, C, 1, ...)
        mean = torch.cat([mean_r.expand_as(mean[:R]), mean_r + share * apart])  # (R + N, C, 1, ...)
        mixed = share * var[R:] + (1 - share) * (var_r + share * apart.square())
        var = torch.cat([var_r.expand_as(var[:R]), mixed])  # (R + N, C, 1, ...)
        x = (x - mean) * (var + self.eps).rsqrt()  # (R + N, C, ...)
        if self.weight is not None and self.bias is not None:
            shape = (1, -1, *[1] * len(pixels))
            x = x * self.weight.view(shape) + self.bias.view(shape)
        return x.to(given)
