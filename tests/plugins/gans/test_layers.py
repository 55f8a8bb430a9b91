"""Networks layer by layer, as their sources print them, and how their weights start."""

import pytest
import torch
from torch import nn

from ganzoo import Spec
from ganzoo.registry.discovery import load
from ganzoo_builtins.gans.dcgan_elu import Dropout

ZOO = load().zoo


def network(kind, name, spec, **settings):
    torch.manual_seed(0)
    return ZOO.find(kind, name).load()(spec, **settings)


def layers(net):
    """One word a layer: its type and the numbers that define it."""
    leaves = (module for module in net.modules() if not list(module.children()))
    return [_word(module) for module in leaves if not isinstance(module, nn.Sequential)]


def _word(module):
    name = type(module).__name__
    match module:
        case nn.Linear():
            return f"{name} {module.in_features}-{module.out_features}"
        case nn.Embedding():
            return f"{name} {module.num_embeddings}-{module.embedding_dim}"
        case nn.Conv2d() | nn.ConvTranspose2d():
            numbers = f"k{module.kernel_size[0]} s{module.stride[0]} p{module.padding[0]}"
            bias = "" if module.bias is not None else " no bias"
            return f"{name} {module.in_channels}-{module.out_channels} {numbers}{bias}"
        case nn.BatchNorm1d() | nn.BatchNorm2d():
            momentum = "" if module.momentum == 0.1 else f" momentum {module.momentum:g}"
            return f"{name} {module.num_features} eps {module.eps:g}{momentum}"
        case nn.LeakyReLU():
            return f"{name} {module.negative_slope}"
        case nn.Dropout() | nn.Dropout2d() | Dropout():
            return f"{name} {module.p}"
    return name


def test_mlp():
    assert layers(network("generator", "mlp", Spec((1, 28, 28)))) == [
        "Linear 100-128", "LeakyReLU 0.2",
        "Linear 128-256", "BatchNorm1d 256 eps 0.8", "LeakyReLU 0.2",
        "Linear 256-512", "BatchNorm1d 512 eps 0.8", "LeakyReLU 0.2",
        "Linear 512-1024", "BatchNorm1d 1024 eps 0.8", "LeakyReLU 0.2",
        "Linear 1024-784", "Tanh",
    ]  # fmt: skip
    assert layers(network("discriminator", "mlp", Spec((1, 28, 28)))) == [
        "Flatten",
        "Linear 784-512", "LeakyReLU 0.2",
        "Linear 512-256", "LeakyReLU 0.2",
        "Linear 256-1",
    ]  # fmt: skip


def test_mlp_for_a_toy():
    small = network("generator", "mlp", Spec((2,)), z_dim=4, hidden=[16, 8], norm="none")
    assert layers(small) == ["Linear 4-16", "LeakyReLU 0.2", "Linear 16-8", "LeakyReLU 0.2", "Linear 8-2"]
    assert layers(network("generator", "mlp", Spec((1,)), z_dim=3, hidden=[])) == ["Linear 3-1"]


def test_cgan():
    digits = Spec((1, 28, 28), classes=10)
    assert layers(network("generator", "cgan", digits)) == [
        "Embedding 10-10",
        "Linear 110-128", "LeakyReLU 0.2",
        "Linear 128-256", "BatchNorm1d 256 eps 0.8", "LeakyReLU 0.2",
        "Linear 256-512", "BatchNorm1d 512 eps 0.8", "LeakyReLU 0.2",
        "Linear 512-1024", "BatchNorm1d 1024 eps 0.8", "LeakyReLU 0.2",
        "Linear 1024-784", "Tanh",
    ]  # fmt: skip
    assert layers(network("discriminator", "cgan", digits)) == [
        "Embedding 10-10",
        "Linear 794-512", "LeakyReLU 0.2",
        "Linear 512-512", "Dropout 0.4", "LeakyReLU 0.2",
        "Linear 512-512", "Dropout 0.4", "LeakyReLU 0.2",
        "Linear 512-1",
    ]  # fmt: skip


def test_dcgan_upsample():
    assert layers(network("generator", "dcgan_upsample", Spec((3, 32, 32)))) == [
        "Linear 100-8192", "Unflatten",
        "BatchNorm2d 128 eps 1e-05",
        "UpsampleConv2d 128-128 k3 s1 p1", "BatchNorm2d 128 eps 0.8", "ReLU",
        "UpsampleConv2d 128-64 k3 s1 p1", "BatchNorm2d 64 eps 0.8", "ReLU",
        "Conv2d 64-3 k3 s1 p1", "Tanh",
    ]  # fmt: skip
    assert layers(network("discriminator", "dcgan_upsample", Spec((3, 32, 32)))) == [
        "Conv2d 3-16 k3 s2 p1", "LeakyReLU 0.2", "Dropout2d 0.25",
        "Conv2d 16-32 k3 s2 p1", "LeakyReLU 0.2", "Dropout2d 0.25", "BatchNorm2d 32 eps 0.8",
        "Conv2d 32-64 k3 s2 p1", "LeakyReLU 0.2", "Dropout2d 0.25", "BatchNorm2d 64 eps 0.8",
        "Conv2d 64-128 k3 s2 p1", "LeakyReLU 0.2", "Dropout2d 0.25", "BatchNorm2d 128 eps 0.8",
        "Flatten", "Linear 512-1",
    ]  # fmt: skip


def test_dcgan_upsample_with_the_other_activation():
    words = layers(network("generator", "dcgan_upsample", Spec((1, 32, 32)), activation="leaky_relu"))
    assert words.count("LeakyReLU 0.2") == 2 and "ReLU" not in words


def test_dcgan():
    assert layers(network("generator", "dcgan", Spec((3, 64, 64)))) == [
        "ConvTranspose2d 100-512 k4 s1 p0 no bias", "BatchNorm2d 512 eps 1e-05", "ReLU",
        "ConvTranspose2d 512-256 k4 s2 p1 no bias", "BatchNorm2d 256 eps 1e-05", "ReLU",
        "ConvTranspose2d 256-128 k4 s2 p1 no bias", "BatchNorm2d 128 eps 1e-05", "ReLU",
        "ConvTranspose2d 128-64 k4 s2 p1 no bias", "BatchNorm2d 64 eps 1e-05", "ReLU",
        "ConvTranspose2d 64-3 k4 s2 p1 no bias", "Tanh",
    ]  # fmt: skip
    assert layers(network("discriminator", "dcgan", Spec((3, 64, 64)))) == [
        "Conv2d 3-64 k4 s2 p1 no bias", "LeakyReLU 0.2",
        "Conv2d 64-128 k4 s2 p1 no bias", "BatchNorm2d 128 eps 1e-05", "LeakyReLU 0.2",
        "Conv2d 128-256 k4 s2 p1 no bias", "BatchNorm2d 256 eps 1e-05", "LeakyReLU 0.2",
        "Conv2d 256-512 k4 s2 p1 no bias", "BatchNorm2d 512 eps 1e-05", "LeakyReLU 0.2",
        "Flatten", "Linear 8192-1",
    ]  # fmt: skip


def test_tf_dcgan():
    assert layers(network("generator", "tf_dcgan", Spec((1, 28, 28)))) == [
        "Linear 100-6272", "BatchNorm1d 6272 eps 0.001 momentum 0.01", "ReLU", "Unflatten",
        "ConvTranspose2d 128-64 k5 s2 p2", "BatchNorm2d 64 eps 0.001 momentum 0.01", "ReLU",
        "ConvTranspose2d 64-1 k5 s2 p2", "Tanh",
    ]  # fmt: skip
    assert layers(network("discriminator", "tf_dcgan", Spec((1, 28, 28)))) == [
        "Conv2d 1-64 k5 s2 p2", "BatchNorm2d 64 eps 0.001 momentum 0.01", "LeakyReLU 0.2",
        "Conv2d 64-128 k5 s2 p2", "BatchNorm2d 128 eps 0.001 momentum 0.01", "LeakyReLU 0.2", "Flatten",
        "Linear 6272-1024", "BatchNorm1d 1024 eps 0.001 momentum 0.01", "LeakyReLU 0.2",
        "Linear 1024-2",
    ]  # fmt: skip


def test_one_logit_of_tf_dcgan_is_its_softmax_of_two():
    """Cross-entropy over (fake, real) equals the loss non_saturating of the difference, in value and in gradient."""
    D = network("discriminator", "tf_dcgan", Spec((1, 8, 8)), width=2, hidden=4).eval()
    x = torch.randn(6, 1, 8, 8)
    two, loss = D.head(D.features(x)), ZOO.find("loss", "non_saturating").load()()
    real, fake = (nn.functional.cross_entropy(two, torch.full((6,), label)) for label in (1, 0))
    torch.testing.assert_close(loss.discriminator(D(x), D(x)), real + fake)
    torch.testing.assert_close(loss.generator(None, D(x)), real)
    ours = torch.autograd.grad(loss.generator(None, D(x)), list(D.parameters()))
    torch.testing.assert_close(ours, torch.autograd.grad(real, list(D.parameters())))
    with torch.no_grad():  # two logits that lie 0.7 apart
        D.head.weight.zero_()
        D.head.bias.copy_(torch.tensor([-0.3, 0.4]))
    assert loss.generator(None, D(x)).item() == pytest.approx(0.403186, abs=1e-6)


@pytest.mark.parametrize("kind", ["generator", "discriminator"])
def test_tf_dcgan_starts_as_glorot_and_bengio_have_it(kind):
    """Uniform up to sqrt(6 / (fan in + fan out)), biases zero."""
    for module in network(kind, "tf_dcgan", Spec((1, 28, 28))).modules():
        if isinstance(module, (nn.Linear, nn.Conv2d, nn.ConvTranspose2d)):
            n_a, n_b = module.weight.shape[:2]
            reach = (6 / (module.weight[0, 0].numel() * (n_a + n_b))) ** 0.5
            assert module.weight.abs().max().item() == pytest.approx(reach, rel=0.02)
            assert not module.bias.any()


def test_goodfellow():
    assert layers(network("generator", "goodfellow", Spec((1, 28, 28)))) == [
        "Linear 100-1200", "ReLU", "Linear 1200-1200", "ReLU", "Linear 1200-784", "Sigmoid",
    ]  # fmt: skip
    assert layers(network("discriminator", "goodfellow", Spec((1, 28, 28)))) == [
        "Dropout 0.2", "Linear 784-1200", "Dropout 0.5", "Linear 240-1200", "Dropout 0.5", "Linear 240-1",
    ]  # fmt: skip


def test_a_maxout_unit_is_the_largest_of_its_pieces():
    D = network("discriminator", "goodfellow", Spec((1, 2, 2)), hidden=[3], pieces=2).eval()
    x = torch.rand(5, 1, 2, 2) * 2 - 1
    pieces = ((x.flatten(1) + 1) / 2) @ D.layers[1].linear.weight.T  # (5, 6): two neighbours to a unit
    expected = torch.stack([torch.maximum(pieces[:, 2 * k], pieces[:, 2 * k + 1]) for k in range(3)], dim=1)
    torch.testing.assert_close(D.features(x), expected)


@pytest.mark.parametrize(("kind", "reach"), [("generator", 0.05), ("discriminator", 0.005)])
def test_goodfellow_starts_uniform(kind, reach):
    for module in network(kind, "goodfellow", Spec((1, 28, 28))).modules():
        if isinstance(module, nn.Linear):
            assert module.weight.abs().max().item() == pytest.approx(reach, rel=0.02)
            assert not module.bias.any()


def test_goodfellow_starts_as_bright_as_asked():
    G = network("generator", "goodfellow", Spec((1, 28, 28)), brightness=0.13)
    with torch.no_grad():
        G.layers[-2].weight.zero_()
        torch.testing.assert_close((G(G.prior(3)) + 1) / 2, torch.full((3, 1, 28, 28), 0.13))


def test_dcgan_5x5():
    assert layers(network("generator", "dcgan_5x5", Spec((3, 32, 32)))) == [
        "Linear 100-8192", "Unflatten", "BatchNorm2d 512 eps 1e-05", "ReLU",
        "ConvTranspose2d 512-256 k5 s2 p2", "BatchNorm2d 256 eps 1e-05", "ReLU",
        "ConvTranspose2d 256-128 k5 s2 p2", "BatchNorm2d 128 eps 1e-05", "ReLU",
        "ConvTranspose2d 128-3 k5 s2 p2", "Tanh",
    ]  # fmt: skip
    assert layers(network("discriminator", "dcgan_5x5", Spec((3, 32, 32)))) == [
        "Conv2d 3-64 k5 s2 p2", "LeakyReLU 0.2",
        "Conv2d 64-128 k5 s2 p2", "BatchNorm2d 128 eps 1e-05", "LeakyReLU 0.2",
        "Conv2d 128-256 k5 s2 p2", "BatchNorm2d 256 eps 1e-05", "LeakyReLU 0.2",
        "Flatten", "Linear 4096-1",
    ]  # fmt: skip


def test_dcgan_5x5_draws_noise_either_way():
    torch.manual_seed(0)
    for prior, deviation in (("uniform", (1 / 3) ** 0.5), ("normal", 1)):
        z = network("generator", "dcgan_5x5", Spec((1, 32, 32)), prior=prior).prior(2000)
        assert z.std().item() == pytest.approx(deviation, abs=0.01)
        assert (z.abs().max().item() <= 1) == (prior == "uniform")


def test_dcgan_elu():
    after = ["ELU", "Dropout 0.25"]
    assert layers(network("generator", "dcgan_elu", Spec((1, 28, 28)))) == [
        "Linear 128-1024", *after, "Linear 1024-3136", *after, "Unflatten",
        "ConvTranspose2d 64-32 k5 s2 p2", *after, "ConvTranspose2d 32-1 k5 s2 p2", "Sigmoid",
    ]  # fmt: skip
    assert layers(network("discriminator", "dcgan_elu", Spec((1, 28, 28)), drop_logit=True)) == [
        "Conv2d 1-32 k5 s2 p2", *after, "Conv2d 32-64 k5 s2 p2", *after, "Flatten",
        "Linear 3136-1024", *after, "Linear 1024-128", *after, "Linear 128-1", "Dropout 0.25",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("size", "start", "inner"), [(12, 3, 8), (16, 4, 8), (28, 7, 8), (32, 4, 16), (96, 3, 64), (128, 4, 64)]
)
def test_dcgan_at_other_sizes(size, start, inner):
    """The side doubles from 3..7 up to the image's; channels halve down to the width."""
    spec = Spec((1, size, size))
    G, D = network("generator", "dcgan", spec, width=4), network("discriminator", "dcgan", spec, width=4)
    first = G.layers[0]
    assert (first.kernel_size, first.out_channels) == ((start, start), inner)
    x = G(G.prior(2))
    assert x.shape == (2, 1, size, size)
    assert D.features(x).shape == (2, inner * start**2)


@pytest.mark.parametrize("kind", ["generator", "discriminator"])
@pytest.mark.parametrize("name", ["dcgan", "dcgan_upsample"])
def test_convolutions_start_small(kind, name):
    """Weights of convolutions N(0, 0.02), of batch norms N(1, 0.02), its biases zero."""
    for module in network(kind, name, Spec((3, 64, 64))).modules():
        if isinstance(module, (nn.Conv2d, nn.ConvTranspose2d)) and module.weight.numel() > 5000:
            assert module.weight.mean().item() == pytest.approx(0, abs=1e-3)
            assert module.weight.std().item() == pytest.approx(0.02, rel=0.03)
        if isinstance(module, nn.BatchNorm2d):
            assert module.weight.mean().item() == pytest.approx(1, abs=0.02)
            assert 0.01 < module.weight.std().item() < 0.03
            assert not module.bias.any()


def test_dcgan_discriminator_without_batch_norm_has_biases_from_zero():
    D = network("discriminator", "dcgan", Spec((1, 32, 32)), norm="none", width=4)
    biases = [module.bias for module in D.modules() if isinstance(module, nn.Conv2d)]
    assert biases[0] is None and not any(bias.any() for bias in biases[1:])


def test_one_hidden_starts_as_he_et_al_have_it():
    """Weights N(0, 2 / fan_in), biases zero."""
    for kind in ("generator", "discriminator"):
        net = network(kind, "one_hidden", Spec((1, 28, 28)))
        for layer in (net.hidden, net.out):
            deviation = (2 / layer.in_features) ** 0.5
            assert layer.weight.std().item() == pytest.approx(deviation, rel=0.1)
            assert not layer.bias.any()


def test_one_hidden_by_hand():
    """Pixels in [0, 1] inside, in [-1, 1] outside."""
    G = network("generator", "one_hidden", Spec((1, 2, 2)), z_dim=3, hidden=5)
    z = G.prior(6)
    pixels = torch.sigmoid(torch.relu(z @ G.hidden.weight.T) @ G.out.weight.T)
    torch.testing.assert_close(G(z).flatten(1), 2 * pixels - 1)
    D = network("discriminator", "one_hidden", Spec((1, 2, 2)), hidden=5)
    logits = torch.relu(pixels @ D.hidden.weight.T) @ D.out.weight.T
    torch.testing.assert_close(D(2 * pixels.unflatten(1, (1, 2, 2)) - 1), logits[:, 0])


def test_cgan_reads_the_label():
    spec = Spec((1, 8, 8), classes=3)
    G, D = network("generator", "cgan", spec).eval(), network("discriminator", "cgan", spec).eval()
    z = G.prior(1).expand(3, -1)
    x = G(z, torch.arange(3))
    assert (x[0] - x[1]).abs().max() > 1e-3
    logits = D(x[:1].expand(3, -1, -1, -1), torch.arange(3))
    assert len(logits.unique()) == 3
