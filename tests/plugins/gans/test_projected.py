"""The projected discriminator: frozen features, judged at four sizes, with weights by name and digest."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest
import safetensors.torch
import torch
import torchvision

from ganzoo import DataError, IncompatibleError, Spec
from ganzoo_builtins.gans.projected import ProjectedDiscriminator

DIGITS = Spec((1, 28, 28))


def test_only_the_judges_are_trained() -> None:
    D = ProjectedDiscriminator(DIGITS, side=32, width=4)
    x = torch.rand(2, 1, 28, 28, requires_grad=True)
    D(x).sum().backward()
    trained = {name.split(".")[0] for name, weight in D.named_parameters() if weight.requires_grad}
    assert trained == {"judges"}
    assert x.grad is not None and x.grad.any()
    assert [tuple(features.shape[1:]) for features in D.layer_features(x)] == [
        (4, 7, 7),
        (4, 3, 3),
        (4, 1, 1),
        (4, 1, 1),
    ]
    assert D(x).shape == (2, 4, 7, 7)


def test_the_classifier_sees_colours_as_imagenet_has_them() -> None:
    D = ProjectedDiscriminator(DIGITS, side=32, width=4)
    seen = []
    D.backbone.register_forward_hook(lambda module, inputs, output: seen.append(inputs[0]))
    D(torch.full((1, 1, 28, 28), -1.0))
    expected = -torch.tensor([0.485, 0.456, 0.406]) / torch.tensor([0.229, 0.224, 0.225])
    torch.testing.assert_close(seen[0], expected[None, :, None, None].expand(1, 3, 32, 32))


def test_weights_are_those_of_the_file(tmp_path: Path) -> None:
    torch.manual_seed(1)
    classifier = torchvision.models.squeezenet1_1()
    content = safetensors.torch.save(classifier.state_dict())  # with its head, which is not used
    path = tmp_path / "squeezenet.safetensors"
    path.write_bytes(content)
    digest = hashlib.sha256(content).hexdigest()
    D = ProjectedDiscriminator(DIGITS, weights=str(path), sha256=digest, side=32, width=4)
    D(torch.zeros(1, 1, 28, 28))
    (extractor,) = D.backbone.hidden
    torch.testing.assert_close(extractor.state_dict()["features.0.weight"], classifier.features[0].weight.detach())
    assert not any(name.startswith("backbone") for name in D.state_dict())
    other = ProjectedDiscriminator(DIGITS, "resnet18", str(path), digest, side=32, width=4)
    with pytest.raises(DataError, match=r"holds the weights of another network: it has no conv1\.weight"):
        other(torch.zeros(1, 1, 28, 28))


def test_what_it_cannot_show_a_classifier_is_refused() -> None:
    with pytest.raises(IncompatibleError, match="grey or colour images, not 2 channels"):
        ProjectedDiscriminator(Spec((2, 28, 28)))
    with pytest.raises(IncompatibleError, match="needs a side of 32"):
        ProjectedDiscriminator(DIGITS, side=16)
