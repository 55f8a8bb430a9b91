"""Discriminators that are auto-encoders: the logit is minus the error, the features are the code."""

import pytest
import torch

from ganzoo import IncompatibleError, Spec
from ganzoo.registry.discovery import load
from ganzoo_builtins.gans.autoencoder import reconstruction_panel
from helpers.judging import Referee
from helpers.learning import trained

ZOO = load().zoo
IMAGES = Spec((3, 32, 32))


def network(name, spec=IMAGES, **settings):
    return ZOO.find("discriminator", name).load()(spec, **settings)


every = pytest.mark.parametrize("name", ["autoencoder", "conv_autoencoder", "began"])


@every
@pytest.mark.parametrize(
    ("error", "norm"),
    [
        ("mean_square", lambda difference: difference.square().mean(1)),
        ("sum_square", lambda difference: difference.square().sum(1)),
        ("mean_absolute", lambda difference: difference.abs().mean(1)),
    ],
    ids=["mean_square", "sum_square", "mean_absolute"],
)
def test_the_logit_is_minus_the_error_of_what_was_rebuilt(name, error, norm):
    torch.manual_seed(0)
    D = network(name, error=error).eval()
    x = torch.rand(4, *IMAGES.shape) * 2 - 1
    rebuilt = D.rebuild(x)
    assert rebuilt.shape == x.shape
    torch.testing.assert_close(D(x), -norm((rebuilt - x).flatten(1)))
    assert (D(x) < 0).all()


@every
def test_the_features_are_the_code_from_which_the_sample_is_rebuilt(name):
    torch.manual_seed(0)
    D = network(name).eval()
    x = torch.rand(4, *IMAGES.shape) * 2 - 1
    code = D.encode(x)
    assert torch.equal(D.features(x), code.flatten(1))
    assert torch.equal(D.rebuild(x), D.decode(code))


@pytest.mark.parametrize(
    ("name", "spec", "settings", "code"),
    [
        ("autoencoder", Spec((1, 28, 28)), {"hidden": [512, 64]}, 64),
        ("autoencoder", Spec((2,)), {"hidden": [5]}, 5),
        ("conv_autoencoder", Spec((3, 64, 64)), {}, 256 * 8 * 8),
        ("conv_autoencoder", Spec((1, 28, 28)), {"width": 16}, 32 * 7 * 7),
        ("conv_autoencoder", Spec((1, 28, 28)), {"width": 16, "code": 64}, 64),
        ("began", Spec((3, 64, 64)), {}, 64),
        ("began", Spec((1, 28, 28)), {"z_dim": 20, "width": 8}, 20),
    ],
    ids=str,
)
def test_width_of_the_code(name, spec, settings, code):
    with torch.device("meta"):
        assert network(name, spec, **settings).features(torch.zeros(2, *spec.shape)).shape == (2, code)


@every
def test_it_learns_to_rebuild_and_what_it_learned_has_the_larger_logit(name):
    """An auto-encoder trained on bright squares thinks them more real than noise."""
    torch.manual_seed(0)
    spec = Spec((1, 16, 16))
    D = network(name, spec, **({"hidden": [32]} if name == "autoencoder" else {"width": 4}))
    x = -torch.ones(64, 1, 16, 16)
    for image in x:
        top, left = torch.randint(0, 9, (2,))
        image[:, top : top + 7, left : left + 7] = 1
    optimizer = torch.optim.Adam(D.parameters(), lr=3e-3)
    for _ in range(150):
        optimizer.zero_grad()
        (-D(x).mean()).backward()
        optimizer.step()
    D.eval()
    noise = torch.rand_like(x) * 2 - 1
    assert D(x).mean() > D(noise).mean() + 0.2


def test_points_are_rebuilt_without_bounds_and_images_within():
    torch.manual_seed(0)
    for spec, bounded in ((Spec((2,)), False), (Spec((1, 8, 8)), True)):
        D = network("autoencoder", spec)
        with torch.no_grad():
            for parameter in D.parameters():
                parameter.mul_(100)
        assert (D.rebuild(torch.randn(8, *spec.shape)).abs().max() <= 1) == bounded


def test_dropout_is_off_when_judging_outside_of_training():
    torch.manual_seed(0)
    D = network("autoencoder", Spec((4,)), hidden=[64], dropout=0.5)
    x = torch.randn(3, 4)
    assert not torch.equal(D(x), D(x))
    D.eval()
    assert torch.equal(D(x), D(x))


@pytest.mark.parametrize(
    ("name", "spec", "why"),
    [
        ("autoencoder", Spec((20,), vocab=100), "autoencoder works on real numbers"),
        ("conv_autoencoder", Spec((2,)), "works on images"),
        ("conv_autoencoder", Spec((1, 30, 30)), r"divisible by 4, not 30: add dataset\.size=32"),
        ("began", Spec((1, 36, 36)), r"5 to 8 times a power of two.*not 36: add dataset\.size=64"),
    ],
    ids=str,
)
def test_refusals(name, spec, why):
    with pytest.raises(IncompatibleError, match=why):
        network(name, spec)


def test_rows_of_samples_and_of_what_became_of_them():
    x = torch.arange(7.0)[:, None]
    panel = reconstruction_panel(x, x + 10, columns=3)
    assert panel.columns == 3
    assert panel.samples[:, 0].tolist() == [0, 1, 2, 10, 11, 12, 3, 4, 5, 13, 14, 15]
    assert len(reconstruction_panel(x[:2], x[:2]).samples) == 4


@pytest.mark.slow
def test_the_energy_based_gan_draws_digits_and_its_discriminators_loss_settles_near_the_margin():
    """EBGAN-PT, 8x8, margin 0.3. Seen with seeds 0, 1, 2: 10, 10, 9 digits, confidence 0.70, 0.67, 0.75, Frechet
    distance 5.9, 10.3, 4.5 where the untrained generator has 26.0, loss 0.246, 0.257, 0.264."""
    run = trained(
        1500,
        procedure={"use": "adversarial"},
        generator={"use": "mlp", "z_dim": 20, "hidden": [64, 64], "bn_eps": 1e-5},
        discriminator={"use": "autoencoder", "hidden": [128]},
        loss={"use": "energy", "margin": 0.3},
        regularizer=[{"use": "pull_away"}],
    )
    verdict = Referee().judge(run.samples())
    assert verdict.classes >= 8 and verdict.confidence >= 0.6
    assert verdict.frechet <= 0.5 * Referee().frechet(run.example.sample(run.example.procedure(), 1000))
    assert run.terms["discriminator/adversarial"][-500:].mean().item() == pytest.approx(0.3, rel=0.3)
