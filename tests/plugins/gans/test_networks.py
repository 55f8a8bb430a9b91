"""All built-in networks: parameter counts, ranges, priors, and refusals."""

import copy

import pytest
import torch

from ganzoo import IncompatibleError, Spec
from ganzoo.registry.discovery import load

ZOO = load().zoo
MNIST, DIGITS = Spec((1, 28, 28)), Spec((1, 28, 28), classes=10)
POINTS, TOKENS = Spec((2,)), Spec((20,), vocab=100)


def network(kind, name, spec, **settings):
    return ZOO.find(kind, name).load()(spec, **settings)


def count(net):
    return sum(p.numel() for p in net.parameters())


@pytest.mark.parametrize(
    ("name", "spec", "generator", "discriminator"),
    [
        ("goodfellow", MNIST, 2_503_984, 1_231_441),
        ("one_hidden", MNIST, 227_344, 201_217),
        ("tf_dcgan", MNIST, 852_609, 6_634_626),
        ("mlp", MNIST, 1_510_032, 533_505),
        ("cgan", DIGITS, 1_511_412, 932_965),
        ("cgan", Spec((1, 32, 32), classes=10), 1_757_412, 1_055_845),
        ("dcgan", Spec((3, 64, 64)), 3_576_704, 2_765_568),
        ("dcgan_elu", MNIST, 3_398_529, 3_395_713),
        ("dcgan_5x5", Spec((1, 32, 32)), 4_928_769, 1_030_913),
        ("dcgan_5x5", Spec((3, 32, 32)), 4_935_171, 1_034_113),
        ("dcgan_upsample", Spec((1, 32, 32)), 1_049_985, 98_113),
        ("dcgan_upsample", Spec((3, 32, 32)), 1_051_139, 98_401),
        ("dcgan_upsample", Spec((1, 64, 64)), 3_532_161, 99_649),
        ("dcgan_upsample", Spec((3, 64, 64)), 3_533_315, 99_937),
        ("sngan", Spec((3, 32, 32)), 3_813_379, 5_860_865),
        ("sngan", MNIST, 2_275_201, 1_406_593),
        ("sngan_resnet", Spec((3, 32, 32)), 4_276_739, 1_053_824),
        # weight norm adds a number for each unit; the discriminator's last layer is for one logit, not for ten
        ("improved_gan", MNIST, 693_784 + 784, 1_538_760 - 2_510 + 251 + 2_251),
    ],
    ids=str,
)
def test_parameter_counts(name, spec, generator, discriminator):
    with torch.device("meta"):
        assert count(network("generator", name, spec)) == generator
        assert count(network("discriminator", name, spec)) == discriminator


@pytest.mark.parametrize(
    ("name", "reach"),
    [("one_hidden", 1), ("dcgan", 1), ("tf_dcgan", 1), ("goodfellow", 3**0.5), ("mlp", None), ("cgan", None)],
)
def test_priors(name, reach):
    """Uniform up to a reach, or normal."""
    torch.manual_seed(0)
    z = network("generator", name, DIGITS).prior(2000)
    assert z.shape == (2000, 100)
    assert z.mean().item() == pytest.approx(0, abs=0.01)
    assert z.std().item() == pytest.approx((reach**2 / 3) ** 0.5 if reach else 1, abs=0.01)
    farthest = z.abs().max().item()
    assert farthest == pytest.approx(reach, rel=0.001) if reach else farthest > 3


@pytest.mark.parametrize("kind", ["generator", "discriminator"])
@pytest.mark.parametrize(
    ("name", "spec", "why"),
    [
        ("mlp", TOKENS, r"mlp works on real numbers.*token ids \(vocab = 100\): choose a dataset of"),
        ("cgan", TOKENS, "cgan works on real numbers"),
        ("cgan", MNIST, "cgan is conditional, but the dataset has no labels: choose a labelled dataset"),
        ("one_hidden", POINTS, r'one_hidden works on pixels.*\(2,\): use "mlp"'),
        ("goodfellow", POINTS, r'goodfellow works on pixels.*\(2,\): use "mlp"'),
        ("tf_dcgan", Spec((1, 30, 30)), r"divisible by 4, not 30: add dataset\.size=32"),
        ("dcgan", POINTS, r'dcgan works on images.*\(2,\): use "mlp"'),
        ("dcgan", Spec((3, 64, 48)), r"square images, not on 64x48: add dataset\.size=64"),
        ("dcgan", Spec((1, 36, 36)), r"28, 32, 64 or 128, not 36: add dataset\.size=64"),
        ("dcgan", Spec((1, 8, 8)), "not 8: add"),
        ("dcgan", Spec((1, 4, 4)), "not 4: add"),
        ("dcgan_elu", Spec((1, 30, 30)), r"divisible by 4, not 30: add dataset\.size=28"),
        ("dcgan_5x5", Spec((1, 30, 30)), r"divisible by 4, not 30: add dataset\.size=32"),
        ("stylegan2", Spec((1, 36, 36)), r"such as 28, 32 or 64, not 36: add dataset\.size=64"),
        ("r3gan", POINTS, r'r3gan works on images.*\(2,\): use "mlp"'),
        ("r3gan", Spec((1, 36, 36)), r"times its patch of 1, such as 28, 32 or 64, not 36: add dataset\.size=64"),
        ("dcgan_upsample", TOKENS, "dcgan_upsample works on real numbers"),
        ("dcgan_upsample", Spec((1, 30, 30)), r"divisible by 4, not 30: add dataset\.size=32"),
    ],
    ids=str,
)
def test_refusals(kind, name, spec, why):
    with pytest.raises(IncompatibleError, match=f"^{kind} {name}.*") as refusal:
        network(kind, name, spec)
    assert refusal.match(why)


@pytest.mark.parametrize(
    ("name", "size", "innermost"),
    [("dcgan_upsample", 28, 2), ("dcgan_upsample", 32, 2), ("dcgan_upsample", 36, 3),
     ("dcgan_5x5", 12, 2), ("dcgan_5x5", 28, 4), ("dcgan_5x5", 32, 4)],
)  # fmt: skip
def test_a_side_that_cannot_be_halved_exactly_is_halved_upwards(name, size, innermost):
    G = network("generator", name, Spec((1, size, size)), width=4)
    D = network("discriminator", name, Spec((1, size, size)), width=4)
    x = G(torch.randn(2, G.z_dim))
    assert x.shape == (2, 1, size, size)
    channels = {"dcgan_upsample": 8 * 4, "dcgan_5x5": 4 * 4}[name]
    assert D.features(x).shape == (2, channels * innermost**2)
    assert D(x).shape == (2,)


@pytest.mark.parametrize("name", ["dcgan", "dcgan_5x5", "dcgan_upsample", "tf_dcgan"])
def test_discriminator_without_batch_norm_keeps_samples_apart(name):
    """With norm = "none" the logit of a sample does not depend on its neighbours, and penalties accept the network."""
    spec = Spec((1, 32, 32))
    settings = {"dropout": 0.0} if name == "dcgan_upsample" else {"width": 8}
    D = network("discriminator", name, spec, norm="none", **settings)
    x = torch.randn(4, *spec.shape)
    torch.testing.assert_close(D(x)[:2], D(x[:2]))
    ZOO.find("regularizer", "r1").load()().check(D)
    with pytest.raises(IncompatibleError, match='norm = "none"'):
        ZOO.find("regularizer", "r1").load()().check(network("discriminator", name, spec))


@pytest.mark.parametrize("name", ["mlp", "cgan"])
def test_points_are_unbounded(name):
    """Images end in a tanh, points in the linear layer itself."""
    for spec, last in ((Spec((2,), classes=3), "Linear"), (DIGITS, "Tanh")):
        assert type(network("generator", name, spec).layers[-1]).__name__ == last


def test_a_compact_discriminator_normalises_its_weights_as_the_regularizer_does():
    torch.manual_seed(0)
    settings = {"width": 2, "hidden": 8, "condition": "projection"}
    plain = network("discriminator", "compact", DIGITS, **settings)
    normalised = network("discriminator", "compact", DIGITS, **settings, norm="spectral")
    attached = copy.deepcopy(plain)
    ZOO.find("regularizer", "spectral_norm").load()().attach(attached, network("generator", "mlp", DIGITS), DIGITS)
    names = normalised.state_dict().keys()
    assert names == attached.state_dict().keys()
    originals = [name for name in names if name.endswith("weight.original")]
    assert len(originals) == sum(name.endswith("weight") for name in plain.state_dict())
    for name in originals:
        layer = normalised.get_submodule(name.removesuffix(".parametrizations.weight.original"))
        assert torch.linalg.matrix_norm(layer.weight.flatten(1), 2).item() == pytest.approx(1, abs=0.05)
