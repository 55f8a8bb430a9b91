"""From a recipe to objects, and the combinations that are refused."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import torch
from torch import Tensor, nn

from ganzoo import Batch, IncompatibleError, Move, Procedure, Spec
from ganzoo.config import instantiate
from ganzoo.errors import RecipeError
from ganzoo.training import optim
from helpers.support import CONDITIONAL, tiny

POINTS = Spec((2,))


class Made(Procedure):
    """Makes samples of the shape a test asks for."""

    conditional = False

    def __init__(self, shape: tuple[int, ...] = (2,)):
        super().__init__()
        self.shape = shape
        self.learns = nn.Linear(2, 2)
        self.frozen = nn.Dropout().eval()
        self.modes: list[bool] = []

    def players(self) -> dict[str, list[nn.Module]]:
        return {"learner": [self.learns]}

    def step(self, data: Iterator[Batch], t: int) -> Iterator[Move]:
        yield {}

    def sample(self, n: int, y: Tensor | None = None) -> Tensor:
        self.modes.append(self.learns.training)
        if len(self.shape) == 3:
            raise RuntimeError("mat1 and mat2 shapes cannot be multiplied")
        return torch.randn(n, *self.shape)


def test_the_seed_decides_the_weights() -> None:
    def weights(*changes: str) -> Tensor:
        return instantiate.procedure(tiny("", *changes), POINTS).state_dict()["G.layers.0.weight"]

    torch.manual_seed(3)
    one = weights()
    torch.manual_seed(4)
    assert torch.equal(weights(), one)
    assert not torch.equal(weights("run.seed=1"), one)


def test_what_a_component_refuses_is_passed_on() -> None:
    with pytest.raises(IncompatibleError, match="generator dcgan"):
        instantiate.procedure(tiny('[generator]\nuse = "dcgan"'), POINTS)


def test_whatever_else_a_component_raises_names_the_procedure() -> None:
    recipe = tiny('[generator]\nuse = "mlp"\nhidden = []')
    recipe.parts["generator"].settings["hidden"] = [0.5]  # type: ignore[union-attr,index]
    with pytest.raises(IncompatibleError, match="procedure 'adversarial' cannot be built for"):
        instantiate.procedure(recipe, POINTS)


@pytest.mark.parametrize("table", ["optimizer", "schedule"])
def test_a_table_for_a_player_that_does_not_exist_is_refused(table: str) -> None:
    text = '[schedule]\nuse = "linear"' if table == "schedule" else ""
    use = "constant" if table == "schedule" else "sgd"
    with pytest.raises(RecipeError, match=rf"\[{table}\.critic\]: no player 'critic'.* discriminator, generator"):
        instantiate.procedure(tiny(text, f"{table}.critic.use={use}"), POINTS)


def test_labels_wanted_from_data_without_any_are_refused() -> None:
    procedure = instantiate.procedure(tiny(CONDITIONAL), Spec((1, 28, 28), classes=3))
    instantiate.check_fit(procedure, Spec((1, 28, 28), classes=3))
    with pytest.raises(IncompatibleError, match="want class labels, and the dataset has none"):
        instantiate.check_fit(procedure, Spec((1, 28, 28)))


def test_samples_of_another_shape_are_refused() -> None:
    with pytest.raises(IncompatibleError, match=r"makes samples of shape \(3,\), and the data has \(2,\)"):
        instantiate.check_fit(Made((3,)), POINTS)


def test_a_generator_that_fails_is_refused() -> None:
    with pytest.raises(IncompatibleError, match=r"cannot make samples of shape .*: mat1 and mat2"):
        instantiate.check_fit(Made((1, 2, 2)), Spec((1, 2, 2)))


@pytest.mark.parametrize("shape", [(2,), (3,)])
def test_checking_leaves_noise_and_modes_alone(shape: tuple[int, ...]) -> None:
    made = Made(shape)
    before = torch.get_rng_state()
    try:
        instantiate.check_fit(made, POINTS)
    except IncompatibleError:
        assert shape == (3,)
    assert torch.equal(torch.get_rng_state(), before)
    assert made.modes == [False]
    assert made.learns.training and not made.frozen.training  # what was frozen stays so


def test_an_optimizers_refusal_names_it_and_the_player() -> None:
    with pytest.raises(RecipeError, match=r"\[optimizer\] 'adam' for 'generator': Invalid beta"):
        optim.optimizer_factory(tiny("", "optimizer.betas=[2.0, 0.9]").optimizer)(
            "generator", [("weight", nn.Parameter(torch.zeros(1)))]
        )


def test_a_players_own_optimizer_is_laid_over_the_common_one() -> None:
    recipe = tiny('[optimizer]\nuse = "adam"\nlr = 1e-3\n[optimizer.discriminator]\nuse = "sgd"\nlr = 0.5')
    make, weight = optim.optimizer_factory(recipe.optimizer), nn.Parameter(torch.zeros(1))
    assert isinstance(make("generator", [("weight", weight)]), torch.optim.Adam)
    sgd = make("discriminator", [("weight", weight)])
    assert isinstance(sgd, torch.optim.SGD) and sgd.param_groups[0]["lr"] == 0.5


class Normed(Made):
    """A player with batch norm, and a network of nobody's that is frozen."""

    def __init__(self, training: bool):
        super().__init__()
        self.learns = nn.Sequential(nn.Linear(2, 2), nn.BatchNorm1d(2).train(training))  # type: ignore[assignment]
        self.judge = nn.BatchNorm1d(2)


def test_batch_norm_over_one_sample_is_refused() -> None:
    with pytest.raises(
        IncompatibleError, match=r"run\.batch_size = 1 and BatchNorm1d \(1\) in 'learner'.* Set run\.batch_size=2"
    ):
        instantiate.check_batch(Normed(training=True), 1)
    instantiate.check_batch(Normed(training=True), 2)


def test_batch_norm_that_does_not_train_may_have_one_sample() -> None:
    instantiate.check_batch(Normed(training=False), 1)
    instantiate.check_batch(instantiate.procedure(tiny("", "generator.norm=none"), POINTS), 1)


def test_what_a_dataset_s_constructor_raises_names_the_dataset() -> None:
    recipe = tiny("")
    recipe.dataset.settings["modes"] = -1  # type: ignore[index]
    with pytest.raises(IncompatibleError, match="dataset 'ring' cannot be made with these settings: "):
        instantiate.dataset(recipe)
