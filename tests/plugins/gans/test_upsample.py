"""The folded layer equals upsampling and convolving, in values and in gradients."""

import torch
from torch import nn
from torch.nn.functional import conv2d, interpolate

from ganzoo_builtins.gans.upsample import UpsampleConv2d


def test_equals_the_two_layers() -> None:
    torch.manual_seed(0)
    layer = UpsampleConv2d(3, 5).double()
    x = torch.randn(2, 3, 4, 6, dtype=torch.float64, requires_grad=True)  # (N, C, H, W)
    plain = conv2d(interpolate(x, scale_factor=2, mode="nearest"), layer.weight, layer.bias, padding=1)
    folded = layer(x)
    assert folded.shape == (2, 5, 8, 12)
    assert torch.allclose(folded, plain, atol=1e-12)
    weights = torch.randn_like(plain)
    expected = torch.autograd.grad((plain * weights).sum(), [x, layer.weight, layer.bias])
    actual = torch.autograd.grad((folded * weights).sum(), [x, layer.weight, layer.bias])
    assert all(torch.allclose(a, b, atol=1e-12) for a, b in zip(expected, actual, strict=True))


def test_checkpoints_are_those_of_the_convolution() -> None:
    assert UpsampleConv2d(3, 5).state_dict().keys() == nn.Conv2d(3, 5, 3).state_dict().keys()
