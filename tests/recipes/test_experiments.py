"""The experiments that a course reports with PyTorch-GAN's three models: each is a recipe, for as many epochs."""

import pytest
import torch
from torch import nn

from ganzoo.config import instantiate, locate, resolver
from ganzoo.registry import discovery

PLUGINS = discovery.load()
NETWORKS = {"gan": "mlp", "dcgan": "dcgan_upsample", "cgan": "cgan"}
EPOCHS = {
    "gan_mnist_printed": 400, "gan_emnist_printed": 600, "gan_celeba_printed": 500, "gan_cifar10_printed": 2500,
    "dcgan_mnist_printed": 25, "dcgan_emnist_printed": 20, "dcgan_celeba": 10, "dcgan_fashion_mnist_printed": 10,
    "cgan_mnist_printed": 200, "cgan_emnist_printed": 200, "cgan_fashion_mnist_printed": 200,
}  # fmt: skip


@pytest.mark.parametrize("name", EPOCHS)
def test_every_experiment_is_a_recipe(name: str) -> None:
    recipe, _ = resolver.read(locate.find(name, PLUGINS), (), PLUGINS.zoo)
    model, _, dataset = name.removesuffix("_printed").partition("_")
    assert (recipe.run.epochs, recipe.run.batch_size) == (EPOCHS[name], 64)
    assert recipe.dataset.entry.name == dataset
    assert {recipe.parts[kind].entry.name for kind in ("generator", "discriminator")} == {NETWORKS[model]}
    settings = recipe.optimizer.of("generator").filled()
    assert (settings["lr"], tuple(settings["betas"])) == (2e-4, (0.5, 0.999))


def test_the_printed_layers() -> None:
    """The layers that the course prints, as the state dictionaries have them."""
    assert widths("gan_mnist_printed", "generator") == [(128, 100), (256, 128), (512, 256), (1024, 512), (784, 1024)]
    assert widths("gan_mnist_printed", "discriminator") == [(512, 784), (256, 512), (1, 256)]
    for name in ("cgan_mnist_printed", "cgan_fashion_mnist_printed"):
        assert widths(name, "generator") == [(10, 10), (128, 110), (256, 128), (512, 256), (1024, 512), (784, 1024)]
        assert widths(name, "discriminator") == [(10, 10), (512, 794), (512, 512), (512, 512), (1, 512)]
    assert parameters("cgan_mnist_printed", "generator") == 1_511_412


@pytest.mark.parametrize("name", [name for name in EPOCHS if name.endswith("_printed")])
def test_the_printed_epsilon(name: str) -> None:
    norms = [
        layer for layer in network(name, "generator").modules() if isinstance(layer, (nn.BatchNorm1d, nn.BatchNorm2d))
    ]
    assert [norm.eps for norm in norms] == ([1e-5, 0.8, 0.8] if name.startswith("dcgan") else [0.8, 0.8, 0.8])


@pytest.mark.parametrize("name", ["cgan_mnist_printed", "cgan_emnist_printed", "cgan_fashion_mnist_printed"])
def test_the_losses_of_pytorch_gan_s_cgan(name: str) -> None:
    """Half the sum of the discriminator's two squared distances, the generator's in full: at logits of 0.3 and -0.2."""
    recipe, _ = resolver.read(locate.find(name, PLUGINS), (), PLUGINS.zoo)
    loss = recipe.parts["loss"]()
    real, fake = torch.full((4,), 0.3), torch.full((4,), -0.2)
    assert loss.discriminator(real, fake).item() == pytest.approx((0.7**2 + 0.2**2) / 2)
    assert loss.generator(real, fake).item() == pytest.approx(1.2**2)
    procedure = recipe.procedure.filled()
    assert (procedure["first"], procedure["labels"]) == ("generator", "uniform")


def network(name: str, kind: str) -> nn.Module:
    recipe, _ = resolver.read(locate.find(name, PLUGINS), (), PLUGINS.zoo)
    return recipe.parts[kind](instantiate.dataset(recipe).spec)


def parameters(name: str, kind: str) -> int:
    return sum(parameter.numel() for parameter in network(name, kind).parameters())


def widths(name: str, kind: str) -> list[tuple[int, ...]]:
    return [tuple(parameter.shape) for parameter in network(name, kind).parameters() if parameter.dim() == 2]
