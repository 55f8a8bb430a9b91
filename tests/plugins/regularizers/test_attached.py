"""Regularizers that change networks or keep state: whatever is registered, on convolutions and on points, and each."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn.utils import parametrizations, parametrize

from ganzoo import IncompatibleError, Spec
from ganzoo.config.component import Blueprint
from ganzoo.training.ema import Ema
from ganzoo.training.engine import Engine
from ganzoo_builtins.layers.minibatch_discrimination import MinibatchDiscrimination
from ganzoo_builtins.layers.self_attention import SelfAttention
from ganzoo_builtins.layers.virtual_batch_norm import VirtualBatchNorm
from ganzoo_builtins.procedures.adversarial import Adversarial
from ganzoo_builtins.regularizers import spectral_norm
from helpers.support import PLUGINS, accelerator, compared

IMAGES, POINTS = Spec((1, 16, 16)), Spec((2,))
NETWORKS: dict[Spec, Any] = {
    IMAGES: ({"use": "dcgan", "z_dim": 4, "width": 8}, {"use": "dcgan", "width": 8, "norm": "none"}),
    POINTS: ({"use": "mlp", "z_dim": 4, "hidden": [8, 8]}, {"use": "mlp", "hidden": [8, 8]}),
}
SMALL = {
    "self_attention": {"size": 8},
    "minibatch_discrimination": {"kernels": 5},
    "virtual_batch_norm": {"reference": 6},
}
REGULARIZERS = [entry.full_name for entry in PLUGINS.zoo.entries("regularizer") if entry.owner == "ganzoo"]
OF_OTHER_NETWORKS = ("ganzoo/paired_feature_matching", "ganzoo/reconstruction")  # translators; maps of several sizes
KINDS = ("generator", "discriminator")
N = 8


def part(kind: str, use: str, **settings: Any) -> Blueprint:
    return Blueprint(PLUGINS.zoo.find(kind, use), settings)


def make(spec: Spec, *names: str, seed: int = 0, **settings: Any) -> Any:
    """A GAN with these regularizers."""
    torch.manual_seed(seed)
    generator, discriminator = NETWORKS[spec]
    regularizers = [part("regularizer", name, **SMALL.get(name.rpartition("/")[2], {})) for name in names]
    networks = part("generator", **generator), part("discriminator", **discriminator)
    return Adversarial(spec, *networks, part("loss", "non_saturating"), regularizers, **settings)


def data(spec: Spec) -> Any:
    noise = torch.Generator().manual_seed(0)
    while True:
        yield {"x": torch.rand(N, *spec.shape, generator=noise) * 2 - 1}


def trained(procedure: Any, spec: Spec, steps: int = 3) -> Any:
    engine = Engine(procedure, lambda player, owned: torch.optim.Adam(owned, lr=1e-2), accelerator())
    batches = data(spec)
    for t in range(steps):
        engine.step(batches, t)
    return procedure


def sampled(procedure: Any) -> Tensor:
    torch.manual_seed(5)
    with torch.no_grad():
        return procedure.eval().sample(4)


@pytest.mark.parametrize("name", REGULARIZERS)
@pytest.mark.parametrize("spec", [IMAGES, POINTS], ids=["images", "points"])
def test_a_gan_with_it_is_copied_saved_averaged_and_built_without_memory(name: str, spec: Spec) -> None:
    try:
        procedure = trained(make(spec, name), spec)
    except IncompatibleError as refusal:
        assert spec is POINTS or name in OF_OTHER_NETWORKS
        assert refusal.message.startswith(f"regularizer {name.rpartition('/')[2]} ")
        return
    twin, other = copy.deepcopy(procedure), make(spec, name, seed=1)
    other.load_state_dict(procedure.state_dict())
    samples = sampled(procedure)
    assert torch.equal(sampled(twin), samples)
    assert torch.equal(sampled(other), samples)
    x = next(data(spec))["x"]
    assert torch.equal(other.D.eval()(x), procedure.D.eval()(x))
    before = {key: tensor.clone() for key, tensor in procedure.state_dict().items()}
    trained(twin.train(), spec)  # a copy shares no state
    assert all(torch.equal(tensor, before[key]) for key, tensor in procedure.state_dict().items())
    with Ema(procedure, 0.9).swapped_in():
        assert torch.equal(sampled(procedure), samples)
    with torch.device("meta"):
        light = make(spec, name)
        assert light.eval().sample(2).is_meta
    shapes = {key: tensor.shape for key, tensor in light.state_dict().items()}
    assert shapes == {key: tensor.shape for key, tensor in before.items()}


def test_all_together() -> None:
    """They mix: each changes what the ones before it have left."""
    names = ["minibatch_discrimination", "self_attention", "virtual_batch_norm", "spectral_norm", "instance_noise"]
    procedure = trained(make(IMAGES, *names, "feature_matching", "historical_averaging", g_weight=0), IMAGES)
    assert sampled(procedure).isfinite().all()
    assert parametrize.is_parametrized(procedure.D.head[1], "weight")
    assert {"G.reference.z", "D.layers.1.1.sigma", "with_state.0.moved"} <= procedure.state_dict().keys()


def test_the_discriminator_sees_its_batch_before_its_head() -> None:
    plain, procedure = make(IMAGES), make(IMAGES, "minibatch_discrimination")
    layer, head = procedure.D.head
    assert isinstance(layer, MinibatchDiscrimination)
    assert torch.equal(head.weight[:, : layer.T.shape[0]], plain.D.head.weight)  # as it was, where it meets features
    x = next(data(IMAGES))["x"]
    with torch.no_grad():
        f = procedure.D.features(x)
        assert torch.equal(procedure.D(x), head(layer(f)).squeeze(1))
        assert torch.equal(f, plain.D.features(x))
        assert not torch.equal(procedure.D(x)[:2], procedure.D(x[:2]))  # the rest of the batch matters
        assert torch.allclose(plain.D(x)[:2], plain.D(x[:2]), atol=1e-6)


@pytest.mark.parametrize("order", [("minibatch_discrimination", "r1"), ("r1", "minibatch_discrimination")], ids=str)
def test_a_penalty_per_sample_refuses_a_discriminator_that_mixes_samples(order: tuple[str, ...]) -> None:
    with pytest.raises(IncompatibleError, match=r"R1 .* mixes samples by MinibatchDiscrimination \(head\.0\)"):
        make(POINTS, *order)


def test_a_head_that_was_changed_before_is_told() -> None:
    with pytest.raises(IncompatibleError, match="comes too late for head: name it before"):
        make(POINTS, "spectral_norm", "minibatch_discrimination")


def largest(weight: Tensor) -> float:
    return torch.linalg.svdvals(weight.detach().flatten(1))[0].item()


def test_every_weight_of_the_discriminator_has_norm_one_after_50_passes() -> None:
    procedure = make(IMAGES, "spectral_norm")
    x = next(data(IMAGES))["x"]
    for _ in range(50):
        procedure.D(x)
    layers = [module for module in procedure.D.modules() if isinstance(module, (nn.Conv2d, nn.Linear))]
    assert len(layers) == 3
    for layer in layers:
        assert largest(layer.weight) == pytest.approx(1, abs=0.02)
        assert largest(layer.parametrizations.weight.original) != pytest.approx(1, abs=0.02)
    assert not any(parametrize.is_parametrized(module) for module in procedure.G.modules())


def test_spectral_norm_of_both_players_and_its_vectors_in_training_only() -> None:
    torch.manual_seed(0)
    generator, discriminator = (part(kind, **NETWORKS[IMAGES][i])(IMAGES) for i, kind in enumerate(KINDS))
    part("regularizer", "spectral_norm", players="both")().attach(discriminator, generator, IMAGES)
    assert sum(parametrize.is_parametrized(module) for module in generator.modules()) == 3
    vectors = [buffer for name, buffer in discriminator.named_buffers() if name.endswith("_u")]
    before, x = [vector.clone() for vector in vectors], next(data(IMAGES))["x"]
    with torch.no_grad():
        for parameter in discriminator.parameters():
            parameter.add_(torch.randn_like(parameter))
    discriminator.eval()(x)
    assert all(torch.equal(*pair) for pair in zip(vectors, before, strict=True))
    discriminator.train()(x)
    assert not any(torch.equal(*pair) for pair in zip(vectors, before, strict=True) if len(pair[0]) > 1)


LAYERS: list[tuple[Callable[[], nn.Module], list[Tensor]]] = [
    (lambda: nn.Linear(4, 3), [torch.ones(2, 4)]),
    (lambda: nn.Bilinear(4, 5, 3), [torch.ones(2, 4), torch.ones(2, 5)]),
    (lambda: nn.Embedding(6, 3), [torch.tensor([0, 5])]),
    (lambda: nn.Conv2d(2, 3, 3), [torch.ones(2, 2, 5, 5)]),
    (lambda: nn.ConvTranspose2d(2, 3, 3), [torch.ones(2, 2, 5, 5)]),
]


@pytest.mark.parametrize("build, inputs", LAYERS, ids=["linear", "bilinear", "embedding", "conv", "transposed"])
def test_spectral_norm_is_torchs_up_to_rounding(build: Callable[[], nn.Module], inputs: list[Tensor]) -> None:
    results = []
    for wrap in (spectral_norm.normalise, parametrizations.spectral_norm):
        torch.manual_seed(0)
        layer = build()
        wrap(layer, 2) if wrap is spectral_norm.normalise else wrap(layer, n_power_iterations=2)
        outputs = [layer(*inputs) for _ in range(3)]
        original = layer.parametrizations.weight.original
        (gradient,) = torch.autograd.grad(outputs[-1].square().sum(), original, create_graph=True)
        gradients = {"first": gradient, "second": torch.autograd.grad(gradient.square().sum(), original)[0]}
        results.append(
            [*layer.state_dict().items(), *enumerate(outputs), *gradients.items(), ("random", torch.rand(1))]
        )
    for (name, value), (torchs_name, torchs_value) in zip(*results, strict=True):
        assert name == torchs_name
        torch.testing.assert_close(value, torchs_value, rtol=1e-5, atol=1e-6)


def test_spectral_norm_refuses_a_weight_of_zeros_which_it_would_divide_by_zero() -> None:
    discriminator = nn.Sequential(nn.Linear(4, 4), nn.Linear(4, 1))
    nn.init.zeros_(discriminator[1].weight)
    with pytest.raises(
        IncompatibleError, match=r"Sequential starts with a weight of zeros \(1\): leave the regularizer"
    ):
        part("regularizer", "spectral_norm")().attach(discriminator, nn.Identity(), POINTS)
    with torch.no_grad():
        discriminator[1].weight[0, 0] = 1.0
    part("regularizer", "spectral_norm")().attach(discriminator, nn.Identity(), POINTS)
    assert discriminator(torch.ones(2, 4)).isfinite().all()


def test_spectral_norm_does_not_iterate_on_the_meta_device(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parametrizations._SpectralNorm, "_power_method", lambda *_: pytest.fail("it iterates"))
    with torch.device("meta"):
        procedure = make(IMAGES, "spectral_norm")
        assert procedure.D(torch.zeros(2, 1, 16, 16)).shape == (2,)
    assert parametrize.is_parametrized(procedure.D.head)


def test_spectral_norm_has_something_to_normalise() -> None:
    with pytest.raises(IncompatibleError, match="spectral_norm normalises layers such as"):
        part("regularizer", "spectral_norm")().attach(nn.Sequential(nn.ReLU()), nn.Linear(1, 1), POINTS)


def test_attention_stands_where_the_map_is_last_that_wide() -> None:
    procedure = make(IMAGES, "self_attention")
    place = [name for name, module in procedure.named_modules() if isinstance(module, SelfAttention)]
    assert place == ["G.layers.5.1", "D.layers.1.1"]  # behind the ReLUs of the 8x8 maps
    plain = make(IMAGES)
    assert torch.equal(sampled(procedure), sampled(plain))  # sigma is zero


def test_attention_leaves_a_residual_block_whole() -> None:
    spec = Spec((1, 32, 32))
    torch.manual_seed(0)
    generator, discriminator = (part(kind, "sngan_resnet", width=8)(spec) for kind in KINDS)
    part("regularizer", "self_attention", size=16)().attach(discriminator, generator, spec)
    for network, name in ((generator, "layers.3"), (discriminator, "layers.0")):
        assert [name for name, module in network.named_modules() if isinstance(module, SelfAttention)] == [f"{name}.1"]


def test_attention_says_which_maps_there_are() -> None:
    torch.manual_seed(0)
    generator, discriminator = (part(kind, **NETWORKS[IMAGES][i])(IMAGES) for i, kind in enumerate(KINDS))
    with pytest.raises(
        IncompatibleError,
        match=r"32, and DCGANDiscriminator has no map of that side inside. It has: 4, 8; set size to one",
    ):
        part("regularizer", "self_attention")().attach(discriminator, generator, IMAGES)
    with pytest.raises(IncompatibleError, match="no maps at all"):
        make(POINTS, "self_attention")


def test_a_sample_with_virtual_batch_norm_does_not_depend_on_the_others() -> None:
    procedure = trained(make(IMAGES, "virtual_batch_norm"), IMAGES)
    assert not any(isinstance(module, nn.modules.batchnorm._BatchNorm) for module in procedure.G.modules())
    assert sum(isinstance(module, VirtualBatchNorm) for module in procedure.G.modules()) == 2
    z = torch.rand(5, 4) * 2 - 1
    others = torch.cat([z[:2], torch.rand(3, 4)])
    for mode in (True, False):
        procedure.G.train(mode)
        with torch.no_grad():
            assert procedure.G(z).shape == (5, 1, 16, 16)
            assert torch.equal(procedure.G(z)[:2], procedure.G(others)[:2])
    assert not torch.allclose(make(IMAGES).G(z)[:2], make(IMAGES).G(others)[:2])  # batch norm does


def test_virtual_batch_norm_needs_batch_norm_and_noise() -> None:
    spec = Spec((1, 28, 28), classes=10)
    with pytest.raises(IncompatibleError, match="takes only noise: use one without labels"):
        part("regularizer", "virtual_batch_norm")().attach(nn.Linear(1, 1), part("generator", "cgan")(spec), spec)
    bare = part("generator", "mlp", norm="none")(spec)
    with pytest.raises(IncompatibleError, match="MLPGenerator has none"):
        part("regularizer", "virtual_batch_norm")().attach(nn.Linear(1, 1), bare, spec)


def test_instance_noise_fades_with_the_discriminators_moves() -> None:
    torch.manual_seed(0)
    noise = part("regularizer", "instance_noise", std=0.5, moves=4)()
    critic = nn.Sequential(nn.Flatten())
    noise.attach(critic, nn.Linear(1, 1), POINTS)
    x, seen = torch.ones(1000, 10), []
    for _ in range(6):
        seen.append((critic(x) - x).std().item())
        noise.project(critic)
    assert seen == pytest.approx([0.5, 0.375, 0.25, 0.125, 0, 0], rel=0.05)
    noise.moved.zero_()
    assert torch.equal(critic.eval()(x), x)


def test_instance_noise_is_not_for_token_ids() -> None:
    with pytest.raises(IncompatibleError, match="not to token ids: leave it out"):
        part("regularizer", "instance_noise")().attach(nn.Flatten(), nn.Linear(1, 1), Spec((4,), vocab=9))


def test_instance_noise_counts_in_the_checkpoint() -> None:
    procedure = trained(make(POINTS, "instance_noise", d_steps=2), POINTS)
    assert procedure.state_dict()["with_state.0.moved"] == 6


def test_who_stands_still_pays_nothing_to_history() -> None:
    procedure = make(POINTS, "historical_averaging")
    (regularizer,) = procedure.regularizers
    x = next(data(POINTS))["x"]
    for _ in range(3):
        assert regularizer.terms(compared(procedure.D, x, x))["historical_averaging"].item() == 0
        assert regularizer.generator_terms(compared(procedure.D, x, x))["historical_averaging"].item() == 0


def test_the_distance_from_the_mean_of_the_past() -> None:
    """One weight at 1, 3, 8: its mean is 1, 2, 4, so that it pays 0, 1, 16, and is drawn to the mean by twice that."""
    player = nn.Linear(1, 1, bias=False)
    regularizer = part("regularizer", "historical_averaging", weight=0.5)()
    regularizer.attach(player, nn.Linear(1, 1), POINTS)
    for value, paid, pulled in ((1.0, 0.0, 0.0), (3.0, 0.5, 1.0), (8.0, 8.0, 4.0)):
        with torch.no_grad():
            player.weight.fill_(value)
        term = regularizer.terms(compared(player, torch.zeros(1, 1), torch.zeros(1, 1)))["historical_averaging"]
        assert term.item() == pytest.approx(paid)
        assert torch.autograd.grad(term, player.weight)[0].item() == pytest.approx(pulled)


@pytest.mark.parametrize(("distance", "expected"), [("squared", 1.25), ("absolute", 0.75)])
def test_feature_matching_compares_means(distance: str, expected: float) -> None:
    """Means of the features: (1, 2) of real samples, (0.5, 3) of fakes."""
    regularizer = part("regularizer", "feature_matching", distance=distance)()
    real = torch.tensor([[0.0, 1.0], [2.0, 3.0]], requires_grad=True)
    fake = torch.tensor([[1.0, 3.0], [0.0, 3.0]], requires_grad=True)
    value = regularizer.generator_terms(compared(lambda x: x, real, fake))["feature_matching"]
    assert value.item() == pytest.approx(expected)
    value.backward()
    assert real.grad is None and fake.grad is not None
    assert fake.grad[:, 0].max() < 0 < fake.grad[:, 1].min()  # towards the real mean
    assert regularizer.terms(compared(lambda x: x[:, 0], real, fake)) == {}
