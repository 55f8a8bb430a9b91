"""Networks given in Python: what is called with the spec, the size of the noise, labels, and what is refused."""

from __future__ import annotations

from typing import Any, cast

import pytest
import torch
from torch import Tensor, nn

import ganzoo
from ganzoo.config.signature import from_object
from ganzoo.errors import IncompatibleError
from ganzoo.interfaces import Spec
from ganzoo.objects import networks

POINTS = Spec((2,))
IMAGES = Spec((1, 4, 4))
DENSE = nn.Sequential(nn.Linear(3, 5), nn.ReLU(), nn.Linear(5, 2))


class Wide(nn.Module):
    """A generator with a setting."""

    def __init__(self, width: int = 8):
        super().__init__()
        self.net = nn.Sequential(nn.Linear(6, width), nn.Linear(width, 2))

    def forward(self, z: Tensor) -> Tensor:
        return cast(Tensor, self.net(z))


class OfSpec(nn.Module):
    def __init__(self, shapes: Spec, width: int = 8):
        super().__init__()
        self.net = nn.Linear(shapes.size, width)

    def forward(self, x: Tensor, y: Tensor) -> Tensor:
        return cast(Tensor, self.net(x).sum(1) + y)


class Own(ganzoo.Generator):
    z_dim = 1

    def __init__(self, spec: Spec):
        super().__init__()
        self.net = nn.Linear(1, spec.size)

    def forward(self, source: Tensor, y: Tensor | None = None) -> Tensor:
        return cast(Tensor, self.net(source))


def generator(given: Any, spec: Spec = POINTS, **more: Any) -> Any:
    return networks.target("generator", given)(spec, **more)


def discriminator(given: Any, spec: Spec = POINTS) -> Any:
    return networks.target("discriminator", given)(spec)


def test_a_network_is_copied_with_its_weights() -> None:
    built = generator(DENSE)
    z = torch.randn(4, 3)
    assert torch.equal(built(z), DENSE(z)) and built.z_dim == 3
    with torch.no_grad():
        built.network[0].weight.zero_()
    assert DENSE[0].weight.abs().sum() > 0
    assert [*built.state_dict()] == [f"network.{name}" for name in DENSE.state_dict()]


def test_a_class_is_called_with_its_settings_and_the_spec_that_it_takes() -> None:
    target = networks.target("generator", Wide)
    assert {name: p.annotation for name, p in from_object(target).settings.items()} == {"width": int}
    assert target(POINTS, width=5).network.net[0].out_features == 5
    judge = networks.target("discriminator", OfSpec)
    assert [*from_object(judge).settings] == ["width"]
    assert judge(POINTS).network.net.in_features == 2


def test_a_component_of_ganzoo_is_left_as_it_is() -> None:
    assert networks.target("generator", Own) is Own
    assert type(generator(Own(POINTS))) is Own


def test_noise_has_pixels_for_a_network_that_begins_with_a_convolution() -> None:
    convolutions = nn.Sequential(nn.ConvTranspose2d(7, 1, 4), nn.Tanh())
    built = generator(convolutions, IMAGES)
    assert built.z_dim == 7 and built(torch.zeros(2, 7)).shape == (2, 1, 4, 4)


def test_an_attribute_tells_the_size_of_the_noise() -> None:
    network = nn.Sequential(nn.Unflatten(1, (1, 4, 4)), nn.Conv2d(1, 1, 1))
    with pytest.raises(IncompatibleError, match=r"set z_dim on it, such as generator\.z_dim = 64"):
        generator(network, IMAGES)
    network.z_dim = 16  # type: ignore[assignment]
    assert generator(network, IMAGES)(torch.zeros(3, 16)).shape == (3, 1, 4, 4)


def test_a_translator_has_inputs_in_place_of_noise() -> None:
    built = generator(nn.Conv2d(1, 1, 3, padding=1), IMAGES, source=IMAGES)
    assert built.z_dim == 0 and built(torch.zeros(2, 1, 4, 4)).shape == (2, 1, 4, 4)


def test_a_second_input_is_the_label() -> None:
    built = discriminator(OfSpec)
    assert built.conditional and not discriminator(nn.Linear(2, 1)).conditional
    x = torch.zeros(2, 2)
    assert torch.equal(built(x, torch.tensor([3, 3])) - built(x, torch.tensor([0, 0])), torch.tensor([3.0, 3.0]))


def test_logits_are_one_number_a_sample_or_maps() -> None:
    assert discriminator(nn.Linear(2, 1))(torch.zeros(5, 2)).shape == (5,)
    flat = nn.Conv2d(1, 1, 4)  # (N, 1, 1, 1)
    assert discriminator(flat, IMAGES)(torch.zeros(5, 1, 4, 4)).shape == (5,)
    assert discriminator(nn.Conv2d(1, 2, 2), IMAGES)(torch.zeros(5, 1, 4, 4)).shape == (5, 2, 3, 3)
    with pytest.raises(IncompatibleError, match=r"returns \(2, 3\) for 2 samples: return one logit for each"):
        discriminator(nn.Linear(2, 3))


@pytest.mark.parametrize(
    ("kind", "given", "spec", "told"),
    [
        ("generator", 3, POINTS, "generator is a int: give an nn.Module"),
        ("generator", lambda: 3, POINTS, "what builds the generator returns a int"),
        ("generator", nn.Sequential(nn.Linear(2, 16), nn.Sigmoid()), IMAGES, "End it in nn.Tanh"),
        ("generator", nn.Sequential(nn.Linear(2, 3), nn.Linear(4, 2)), POINTS, "cannot be called with noise of shape"),
        ("discriminator", nn.Sequential(nn.Linear(2, 1), nn.Sigmoid()), POINTS, "Leave that layer out"),
        ("discriminator", nn.Linear(3, 1), POINTS, r"cannot judge samples of shape \(2,\): .*mat1 and mat2"),
    ],
)
def test_what_does_not_fit_is_refused(kind: networks.Kind, given: Any, spec: Spec, told: str) -> None:
    with pytest.raises(IncompatibleError, match=told):
        networks.target(kind, given)(spec)


def test_features_are_refused_with_a_remedy() -> None:
    with pytest.raises(IncompatibleError, match=r"Derive it from ganzoo\.Discriminator"):
        discriminator(nn.Linear(2, 1)).features(torch.zeros(1, 2))
