"""The setting `condition` means the same in every family that has it, found through the registry."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from typing import Any, get_args, get_type_hints

import pytest
import torch

from ganzoo import Discriminator, Generator, IncompatibleError, Spec
from ganzoo_builtins.gans.condition import DiscriminatorCondition, GeneratorCondition
from helpers.support import PLUGINS

SPEC = Spec((3, 32, 32), classes=4)
NARROW: dict[str, Any] = {"width": 4}


def families(kind: str) -> Iterator[str]:
    for entry in PLUGINS.zoo.entries(kind):
        if "condition" in inspect.signature(entry.load()).parameters:
            yield entry.name


def conditions(kind: str, name: str) -> tuple[str, ...]:
    network = PLUGINS.zoo.find(kind, name).load()
    choices: tuple[str, ...] = get_args(get_type_hints(network.__init__)["condition"])
    return choices


WITHOUT_LINEAR_PART = {"r3gan", "stylegan2"}  # their projection is the whole logit


def cases(kind: str, *wanted: str) -> list[Any]:
    """Each family with each condition that it has, of those wanted, or else of all that take labels."""
    return [
        pytest.param(name, condition, id=f"{name}, {condition}")
        for name in families(kind)
        for condition in conditions(kind, name)
        if condition in (wanted or conditions(kind, name)) and condition != "none"
    ]


GENERATORS, DISCRIMINATORS = [*families("generator")], [*families("discriminator")]


def build(kind: str, name: str, spec: Spec = SPEC, **settings: Any) -> Any:
    network = PLUGINS.zoo.find(kind, name).load()
    narrow = {key: value for key, value in NARROW.items() if key in inspect.signature(network).parameters}
    torch.manual_seed(0)
    return network(spec, **narrow, **settings)


def test_every_value_is_of_the_table_on_the_page() -> None:
    for kind, known in (("generator", GeneratorCondition), ("discriminator", DiscriminatorCondition)):
        assert all({*conditions(kind, name)} <= {*get_args(known)} for name in families(kind))


def test_both_players_of_a_family_have_it() -> None:
    convolutional = {"compact", "dcgan", "dcgan_upsample", "r3gan", "sngan", "sngan_resnet", "stylegan2"}
    assert convolutional | {"wgan_gp_resnet"} <= {*GENERATORS}
    assert GENERATORS == DISCRIMINATORS


@pytest.mark.parametrize("name", GENERATORS)
def test_a_generator_without_labels_is_the_default_and_needs_none(name: str) -> None:
    generator: Generator = build("generator", name, Spec(SPEC.shape))
    assert not generator.conditional
    assert not any(isinstance(module, torch.nn.Embedding) for module in generator.modules())


@pytest.mark.parametrize(("name", "condition"), cases("generator"))
def test_a_generator_follows_its_labels(name: str, condition: str) -> None:
    """A permutation of the labels permutes the samples of one z, and each label has samples of its own."""
    generator: Generator = build("generator", name, condition=condition).eval()
    with torch.no_grad():
        for module in generator.modules():
            if isinstance(module, torch.nn.Embedding):  # gains start equal
                module.weight.add_(torch.randn_like(module.weight))
        z, y = generator.prior(1).expand(4, -1), torch.arange(4)
        x = generator(z, y)
        shuffled = torch.tensor([2, 0, 3, 1])
        assert torch.allclose(generator(z, y[shuffled]), x[shuffled], atol=1e-5)
    assert x.shape == (4, *SPEC.shape)
    assert all((x[i] - x[j]).abs().max() > 1e-6 for i in range(4) for j in range(i))


@pytest.mark.parametrize(("name", "condition"), cases("generator", "batch_norm"))
def test_batch_norm_of_each_class_is_reached_by_the_gradient_of_its_class_alone(name: str, condition: str) -> None:
    generator: Generator = build("generator", name, condition=condition)
    x = generator(generator.prior(4), torch.tensor([1, 1, 3, 3]))
    (x * torch.randn_like(x)).sum().backward()
    tables = [module.weight.grad for module in generator.modules() if isinstance(module, torch.nn.Embedding)]
    assert len(tables) > 2  # beside z, and gains and biases
    for grad in tables:
        assert grad is not None
        assert grad.abs().sum(1).gt(0).tolist() == [False, True, False, True]


@pytest.mark.parametrize(("name", "condition"), cases("discriminator"))
def test_a_discriminator_follows_its_labels(name: str, condition: str) -> None:
    discriminator: Discriminator = build("discriminator", name, condition=condition).eval()
    x = torch.randn(1, *SPEC.shape).expand(4, -1, -1, -1)
    logits = discriminator(x, torch.arange(4))
    assert logits.shape == (4,)
    assert len({*logits.tolist()}) == 4
    shuffled = torch.tensor([2, 0, 3, 1])
    assert torch.allclose(discriminator(x, shuffled), logits[shuffled], atol=1e-5)


@pytest.mark.parametrize(
    ("name", "condition"),
    [case for case in cases("discriminator", "projection") if case.values[0] not in WITHOUT_LINEAR_PART],
)
def test_a_projection_on_vectors_of_zero_is_the_discriminator_without_labels(name: str, condition: str) -> None:
    plain: Discriminator = build("discriminator", name).eval()
    projecting: Discriminator = build("discriminator", name, condition=condition).eval()
    state = {key.replace("head.", "head.linear."): value for key, value in plain.state_dict().items()}
    vectors = torch.zeros_like(projecting.head.class_vectors.weight)
    projecting.load_state_dict({**state, "head.class_vectors.weight": vectors})
    x, y = torch.randn(4, *SPEC.shape), torch.arange(4)
    assert torch.equal(projecting(x, y), plain(x))
    assert torch.equal(projecting.features(x, y), plain.features(x))


@pytest.mark.parametrize(("kind", "names"), [("generator", GENERATORS), ("discriminator", DISCRIMINATORS)])
def test_data_without_labels_is_refused_with_the_remedy(kind: str, names: list[str]) -> None:
    for name in names:
        with pytest.raises(IncompatibleError, match=f"{kind} {name} is conditional, but the dataset has no labels"):
            build(kind, name, Spec(SPEC.shape), condition="concat")
