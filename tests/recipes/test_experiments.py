"""The experiments that a course reports with PyTorch-GAN's three models: each is a recipe, for as many epochs."""

import pytest

from ganzoo.config import locate, resolver
from ganzoo.registry import discovery

PLUGINS = discovery.load()
NETWORKS = {"gan": "mlp", "dcgan": "dcgan_upsample", "cgan": "cgan"}
EPOCHS = {
    "gan_mnist": 400, "gan_emnist": 600, "gan_celeba": 500, "gan_cifar10": 2500,
    "dcgan_mnist": 25, "dcgan_emnist": 20, "dcgan_celeba": 10, "dcgan_fashion_mnist": 10,
    "cgan_emnist": 200, "cgan_fashion_mnist": 200,
}  # fmt: skip


@pytest.mark.parametrize("name", EPOCHS)
def test_every_experiment_is_a_recipe(name: str) -> None:
    recipe, _ = resolver.read(locate.find(name, PLUGINS), (), PLUGINS.zoo)
    model, _, dataset = name.partition("_")
    assert (recipe.run.epochs, recipe.run.batch_size) == (EPOCHS[name], 64)
    assert recipe.dataset.entry.name == dataset
    assert {recipe.parts[kind].entry.name for kind in ("generator", "discriminator")} == {NETWORKS[model]}
    settings = recipe.optimizer.of("generator").filled()
    assert (settings["lr"], tuple(settings["betas"])) == (2e-4, (0.5, 0.999))
