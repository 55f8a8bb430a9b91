"""Layers that papers share: golden values, and what their papers promise, in float64."""

import pytest
import torch

from ganzoo_builtins.layers.gaussian_noise import GaussianNoise
from ganzoo_builtins.layers.minibatch_discrimination import MinibatchDiscrimination
from ganzoo_builtins.layers.self_attention import SelfAttention
from ganzoo_builtins.layers.virtual_batch_norm import VirtualBatchNorm


def test_minibatch_discrimination_on_three_samples():
    """M has the rows (0, 0), (1, 0), (0, 2), so that their distances in L1 are 1, 2 and 3."""
    layer = MinibatchDiscrimination(2, kernels=1, dims=2).double()
    with torch.no_grad():
        layer.T.copy_(torch.eye(2))
    f = torch.tensor([[0, 0], [1, 0], [0, 2]], dtype=torch.float64)
    expected = torch.tensor([0.503215, 0.417667, 0.185122], dtype=torch.float64)
    torch.testing.assert_close(layer(f)[:, 2], expected, atol=1e-6, rtol=0)
    assert torch.equal(layer(f)[:, :2], f)


def test_minibatch_discrimination_tells_a_batch_of_one_kind():
    """Samples that are all alike are as close as can be, each to N - 1 others."""
    torch.manual_seed(0)
    layer = MinibatchDiscrimination(4, kernels=3)
    alike, apart = torch.randn(1, 4).expand(6, 4), 5 * torch.randn(6, 4)
    assert torch.allclose(layer(alike)[:, 4:], torch.full((6, 3), 5.0))
    assert layer(apart)[:, 4:].max() < 2.5
    assert (layer(apart[:1])[:, 4:] == 0).all()


@pytest.mark.parametrize("pool", [True, False])
def test_self_attention_starts_as_the_identity(pool):
    x = torch.randn(2, 16, 6, 6)
    assert torch.equal(SelfAttention(16, pool)(x), x)


@pytest.mark.parametrize(("pool", "keys"), [(True, 9), (False, 36)])
def test_rows_of_attention_sum_to_one(pool, keys):
    torch.manual_seed(0)
    attention = SelfAttention(16, pool).attention(torch.randn(2, 16, 6, 6))
    assert attention.shape == (2, 36, keys)
    torch.testing.assert_close(attention.sum(2), torch.ones(2, 36))
    assert attention.min() >= 0 and attention.std() > 0


def test_self_attention_without_pooling_does_not_know_where_a_pixel_is():
    """Pixels in another order come out in that order: nothing but their values decides."""
    torch.manual_seed(0)
    layer = SelfAttention(8, pool=False).double()
    with torch.no_grad():
        layer.sigma.fill_(0.7)
    x, order = torch.randn(2, 8, 4, 4, dtype=torch.float64), torch.randperm(16)

    def shuffled(x):
        return x.flatten(2)[:, :, order].unflatten(2, (4, 4))

    assert not torch.allclose(layer(x), x)
    torch.testing.assert_close(layer(shuffled(x)), shuffled(layer(x)))


def test_self_attention_against_its_formula():
    """One sample of two pixels and one channel each way: o_j = sum_i softmax_i(q_j k_i) v_i."""
    layer = SelfAttention(1, pool=False).double()
    with torch.no_grad():
        for conv, weight in ((layer.query, 2.0), (layer.key, 0.5), (layer.value, 3.0), (layer.out, 1.0)):
            conv.weight.fill_(weight)
            conv.bias.zero_()
        layer.sigma.fill_(0.1)
    x = torch.tensor([1.0, -1.0], dtype=torch.float64).view(1, 1, 1, 2)
    p = torch.tensor(2.0, dtype=torch.float64).sigmoid()  # softmax of (1, -1)
    expected = x * (1 + 0.1 * 3 * (2 * p - 1))
    torch.testing.assert_close(layer(x), expected)


@pytest.mark.parametrize("shape", [(3,), (3, 4, 5)], ids=str)
def test_virtual_batch_norm_of_a_sample_does_not_depend_on_the_others(shape):
    torch.manual_seed(0)
    layer = VirtualBatchNorm(3, reference=4)
    reference, x = torch.randn(4, *shape), torch.randn(6, *shape)
    others = torch.cat([reference, x[:1], torch.randn(5, *shape)])
    assert torch.equal(layer(torch.cat([reference, x]))[:5], layer(others)[:5])


@pytest.mark.parametrize("shape", [(3,), (3, 4, 5)], ids=str)
def test_virtual_batch_norm_against_the_paper(shape):
    """mean = x/(n+1) + n/(n+1) mean_ref, and the mean square likewise; the reference is normalised by itself."""
    torch.manual_seed(0)
    R, dims = 4, (0, *range(2, len(shape) + 1))
    layer = VirtualBatchNorm(3, reference=R, eps=1e-5).double()
    with torch.no_grad():
        layer.weight.copy_(torch.tensor([1.0, 2.0, 3.0]))
        layer.bias.copy_(torch.tensor([0.0, -1.0, 1.0]))
    reference, x = torch.randn(R, *shape, dtype=torch.float64) + 1, 2 * torch.randn(5, *shape, dtype=torch.float64)
    output = layer(torch.cat([reference, x]))

    def normalised(x, mean, square):
        gain, shift = (t.view(1, -1, *[1] * (len(shape) - 1)) for t in (layer.weight, layer.bias))
        return gain * (x - mean) / (square - mean**2 + 1e-5).sqrt() + shift

    mean_r, square_r = (t.mean(dims, keepdim=True) for t in (reference, reference**2))
    torch.testing.assert_close(output[:R], normalised(reference, mean_r, square_r))
    for i, one in enumerate(x):
        mean, square = (t[None].mean(dims, keepdim=True) / (R + 1) for t in (one, one**2))
        expected = normalised(one[None], mean + R / (R + 1) * mean_r, square + R / (R + 1) * square_r)
        torch.testing.assert_close(output[R + i : R + i + 1], expected)


def test_virtual_batch_norm_in_full_precision_under_autocast():
    torch.manual_seed(0)
    layer, x = VirtualBatchNorm(3, reference=4), 100 + torch.randn(9, 3, 8, 8)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        output = layer(x)
    assert output.dtype is torch.float32
    assert torch.equal(output, layer(x))
    assert output.mean().abs() < 0.1


def test_gaussian_noise_is_there_in_training_only():
    torch.manual_seed(0)
    layer, x = GaussianNoise(0.3), torch.ones(10_000)
    assert (layer(x) - x).std().item() == pytest.approx(0.3, rel=0.05)
    assert torch.equal(layer.eval()(x), x)
