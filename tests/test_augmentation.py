"""A discriminator sees augmented samples in every call of every move, and the samples themselves in evaluation mode."""

from __future__ import annotations

import copy
import itertools
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

import ganzoo
from ganzoo import Augmentation, AugmentedDiscriminator, IncompatibleError, Procedure, Spec
from ganzoo.config import instantiate, resolver
from ganzoo.config.component import Blueprint
from ganzoo.config.recipe import Recipe
from ganzoo.errors import RecipeError
from ganzoo.interfaces import Batch
from ganzoo.registry.versions import Deprecated
from ganzoo.registry.zoo import Entry
from ganzoo.runs import checkpoint
from ganzoo.sampling.run import Run
from ganzoo.sharing.export import export
from ganzoo.testing import examples
from ganzoo.testing.examples import Example
from ganzoo.testing.stand_ins import SmallDiscriminator
from ganzoo_builtins.augmentations.instance_noise import InstanceNoise
from helpers.examples import PROCEDURES, WITH_STAND_INS
from helpers.support import PLUGINS, TRANSLATING, compared, tiny, train, weights_hash

IMAGES = Spec((1, 8, 8))


class Blank(Augmentation):
    """Makes all samples equal, with a gradient of zero."""

    def check(self, spec: Spec) -> None:
        """Accept everything."""

    def forward(self, x: Tensor) -> Tensor:
        return 0 * x + 0.5


class Doubled(Augmentation):
    """Doubles samples, and counts its calls and the moves of its discriminator."""

    calls = 0
    moves = 0

    def check(self, spec: Spec) -> None:
        """Accept everything."""

    def forward(self, x: Tensor) -> Tensor:
        self.calls += 1
        return 2 * x

    def after_move(self) -> None:
        self.moves += 1


class Telling(SmallDiscriminator):
    """Has an attribute and a method of its own."""

    levels = (1, 2)

    def classify(self, x: Tensor) -> Tensor:
        return self.hidden(x.flatten(1))


def augmented() -> tuple[AugmentedDiscriminator, SmallDiscriminator, Tensor]:
    torch.manual_seed(0)
    network = Telling(IMAGES)
    return AugmentedDiscriminator(network, [Doubled()]), network, torch.randn(4, *IMAGES.shape)


def test_both_methods_see_the_augmented_samples_once() -> None:
    D, network, x = augmented()
    assert torch.equal(D(x), network(2 * x))
    assert torch.equal(D.features(x), network.features(2 * x))
    features, logits = D.features_and_logits(x)
    assert torch.equal(features, network.features(2 * x)) and torch.equal(logits, network(2 * x))
    assert torch.equal(D.logits(features), logits)
    assert D.augmentations[0].calls == 3


def test_a_layer_that_is_added_becomes_one_of_the_network() -> None:
    D, network, _ = augmented()
    D.class_head = nn.Linear(8, 3)
    assert network.class_head is D.class_head is D.get_submodule("class_head")
    assert [name for name in D.state_dict() if "class_head" in name] == [
        "network.class_head.weight",
        "network.class_head.bias",
    ]


def test_in_evaluation_mode_it_sees_the_samples_themselves() -> None:
    D, network, x = augmented()
    D.eval()
    assert torch.equal(D(x), network(x)) and torch.equal(D.features(x), network.features(x))
    assert D.augment(x) is x and D.augmentations[0].calls == 0


def test_augmentations_are_applied_in_their_order() -> None:
    x = torch.ones(1, 1, 2, 2)
    D = AugmentedDiscriminator(SmallDiscriminator(Spec((1, 2, 2))), [Blank(), Doubled()])
    assert D.augment(x).unique().tolist() == [1]
    assert AugmentedDiscriminator(D.network, [Doubled(), Blank()]).augment(x).unique().tolist() == [0.5]


def test_the_gradient_is_taken_at_the_raw_sample() -> None:
    """D(T(x)) of a linear D with T(x) = 2 x has the gradient 2 w at x, and so a penalty of 4 ||w||^2."""
    D, _, x = augmented()
    linear = nn.Linear(64, 1)
    D.network.forward = lambda x, y=None: linear(x.flatten(1)).squeeze(1)  # type: ignore[method-assign]
    penalty = Blueprint(PLUGINS.zoo.find("regularizer", "r1"), {"weight": 2})().terms(compared(D, x, x))["r1"]
    assert penalty.item() == pytest.approx(4 * linear.weight.square().sum().item(), rel=1e-5)


def test_full_precision_under_autocast() -> None:
    D, _, x = augmented()
    with torch.autocast("cpu", torch.bfloat16):
        assert D.augment(x.bfloat16()).dtype is torch.float32
    assert D.augment(x.double()).dtype is torch.float64


def test_other_methods_of_the_network_are_refused_in_training() -> None:
    """They would not see augmented samples. In evaluation mode nobody does."""
    D, network, x = augmented()
    assert D.levels == (1, 2) and D.hidden is network.hidden and not hasattr(D, "none_of_its")
    with pytest.raises(IncompatibleError, match=r"Telling\.classify\(\) does not pass through \[\[augmentation\]\]"):
        D.classify(x)
    assert torch.equal(D.eval().classify(x), network.classify(x))


def test_a_loss_that_pairs_samples_has_them_changed_alike() -> None:
    """One draw for all batches of a move, a new one for the next; the generator of random numbers goes on as ever."""
    D, _, _ = augmented()
    noise = Blueprint(PLUGINS.zoo.find("augmentation", "instance_noise"))()
    paired = AugmentedDiscriminator(D.network, [noise], paired=True)
    real, fake = torch.zeros(4, *IMAGES.shape), torch.ones(4, *IMAGES.shape)
    torch.manual_seed(0)
    change = paired.augment(real)
    after = torch.rand(3)
    torch.testing.assert_close(paired.augment(fake) - 1, change, rtol=0, atol=1e-6)
    paired.end_move()
    assert not torch.equal(paired.augment(real), change)
    torch.manual_seed(0)
    noise(real)
    assert torch.equal(torch.rand(3), after)
    alone = AugmentedDiscriminator(D.network, [noise])
    assert not torch.equal(alone.augment(real), alone.augment(real))


@pytest.mark.parametrize(("loss", "paired"), [("relativistic", True), ("relativistic_average", False)])
def test_the_loss_says_whether_it_pairs_samples(loss: str, paired: bool) -> None:
    recipe = digits(f'[[augmentation]]\nuse = "instance_noise"\n[loss]\nuse = "{loss}"\n')
    assert procedure_of(recipe).D.paired is paired


@pytest.mark.parametrize("procedure", ["adversarial", "pacgan", "gman"])
def test_the_draws_of_a_paired_step_are_those_of_each_move(procedure: str) -> None:
    """Per move, one change of real samples and fakes; another one in the next move."""
    text = '[[augmentation]]\nuse = "instance_noise"\n[loss]\nuse = "relativistic"\n'
    trained = Example(digits(text + f'[procedure]\nuse = "{procedure}"\n'))
    changes: list[Tensor] = []
    forward = InstanceNoise.forward

    def recorded(self: InstanceNoise, x: Tensor) -> Tensor:
        augmented = forward(self, x)
        changes.append((augmented - x) / self.now())
        return augmented

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(InstanceNoise, "forward", recorded)
        trained.trained(1)
    D_move = changes[:2]
    torch.testing.assert_close(D_move[0], D_move[1], atol=1e-4, rtol=0)
    assert not torch.allclose(changes[0], changes[-1], atol=1e-2)


def test_what_observes_moves_needs_a_procedure_that_shows_them() -> None:
    class Untold(Example(digits()).procedure().__class__):  # type: ignore[misc]
        """Has no Regularizers for its discriminator."""

        def __init__(self, *args: Any, **more: Any):
            super().__init__(*args, **more)
            self.with_state = nn.Identity()

    recipe = digits('[[augmentation]]\nuse = "ada"\n')
    told = procedure_of(recipe)
    told.__class__ = Untold
    told.with_state = nn.Identity()
    with pytest.raises(IncompatibleError, match="takes no regularizers for its discriminator"):
        instantiate.check_augmentations(told)


def test_a_copy_is_independent() -> None:
    D, _, x = augmented()
    twin = copy.deepcopy(D)
    with torch.no_grad():
        twin.network.head.weight.zero_()
    assert torch.equal(twin(x), twin.network.head.bias.expand(4)) and not torch.equal(D(x), twin(x))


@pytest.fixture(scope="module")
def entries() -> Iterator[None]:
    """Register the augmentations of this module for its duration."""
    zoo = WITH_STAND_INS.zoo
    added = [("augmentation", name) for name in ("blank", "doubled")]
    for key, target in zip(added, (Blank, Doubled), strict=True):
        zoo._entries[key] = [Entry(*key, "tests", target)]
    yield
    for key in added:
        del zoo._entries[key]


def digits(text: str = "", *assignments: str) -> Recipe:
    """A small GAN on images, with the tables of `text`."""
    return tiny('[dataset]\nuse = "digits"\n' + text, *assignments, plugins=WITH_STAND_INS)


def procedure_of(recipe: Recipe) -> Any:
    return instantiate.procedure(recipe, instantiate.dataset(recipe).spec)


def step(recipe: Recipe, steps: int = 1) -> Any:
    """Return the procedure after some steps."""
    example = Example(recipe)
    return example.trained(steps)


AUGMENTED = '[[augmentation]]\nuse = "doubled"\n'


@pytest.mark.usefixtures("entries")
@pytest.mark.parametrize(
    ("text", "calls"),
    [
        ("", 3),  # real and fake in the discriminator's move, fake in the generator's
        ('[loss]\nuse = "relativistic"\n', 4),  # real samples in the generator's move too
        ('[[regularizer]]\nuse = "r1"\n', 4),  # a draw of its own
        ('[[regularizer]]\nuse = "feature_matching"\n', 5),  # the features of real and of fake samples
    ],
    ids=["plain", "relativistic", "r1", "feature matching"],
)
def test_one_draw_for_each_batch_that_the_discriminator_sees(text: str, calls: int) -> None:
    (augmentation,) = step(digits(AUGMENTED + text)).D.augmentations
    assert augmentation.calls == calls


@pytest.mark.usefixtures("entries")
def test_an_augmentation_is_told_of_each_move_of_its_discriminator() -> None:
    recipe = digits(AUGMENTED + '[procedure]\nuse = "adversarial"\nd_steps = 3\n')
    (augmentation,) = step(recipe, steps=2).D.augmentations
    assert augmentation.moves == 6
    for D in step(digits(AUGMENTED + '[procedure]\nuse = "gman"\ndiscriminators = 2\n')).D:
        assert D.augmentations[0].moves == 1


def test_two_players_of_one_discriminator_move_once() -> None:
    recipe = digits('[[augmentation]]\nuse = "instance_noise"\n')
    split = Blueprint(PLUGINS.zoo.find("procedure", "split_discriminator"))
    parts = {kind: part for kind, part in recipe.parts.items() if kind != "loss"}
    assert step(replace(recipe, procedure=split, parts=parts), steps=2).D.augmentations[0].moved == 2


def test_a_run_without_augmentation_has_the_same_discriminator_as_ever() -> None:
    procedure = procedure_of(digits())
    assert not isinstance(procedure.D, AugmentedDiscriminator)
    assert not any("augmentation" in name or "network" in name for name in procedure.state_dict())
    weights = procedure_of(digits('[[augmentation]]\nuse = "diff_augment"\n')).state_dict()
    for name, weight in procedure.state_dict().items():
        assert weight.equal(weights[name.replace("D.", "D.network.")])


def test_regularizers_change_the_network_under_the_augmentations() -> None:
    text = "".join(f'[[regularizer]]\nuse = "{name}"\n' for name in ("minibatch_discrimination", "spectral_norm"))
    procedure = step(digits('[[augmentation]]\nuse = "diff_augment"\n' + text))
    plain = step(digits(text))
    assert {name.replace("D.network.", "D.") for name in procedure.state_dict()} == plain.state_dict().keys()


def test_noise_trains_to_the_bits_that_the_regularizer_of_0_1_led_to() -> None:
    settings = 'use = "instance_noise"\nmoves = 4\n'
    with pytest.warns(Deprecated, match=r'it is now \[\[augmentation\]\] use = "instance_noise"'):
        earlier = step(digits("[[regularizer]]\n" + settings), steps=3).state_dict()
    today = step(digits("[[augmentation]]\n" + settings), steps=3).state_dict()
    assert today.pop("D.augmentations.0.moved") == earlier.pop("with_state.0.moved") == 3
    assert len(earlier) == len(today)
    for name, weight in earlier.items():
        assert weight.equal(today[name.replace("D.", "D.network.")]), name


def test_packs_are_made_of_samples_that_were_augmented_one_by_one() -> None:
    procedure = procedure_of(digits('[procedure]\nuse = "pacgan"\n[[augmentation]]\nuse = "mirror"\n'))
    torch.manual_seed(0)
    x = torch.rand(1, 1, 8, 8).expand(16, 1, 8, 8)
    assert isinstance(procedure.D, AugmentedDiscriminator)
    packs = procedure.D.network._pack(procedure.D.augment(x))  # (8, 2, 8, 8)
    assert not torch.equal(packs[:, 0], packs[:, 1])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('[augmentation]\nuse = "mirror"\n', r"write \[\[augmentation\]\]"),
        ('[[augmentation]]\nuse = "mirrow"\n', "no augmentation named 'mirrow'. Did you mean"),
        ('[[augmentation]]\nuse = "diff_augment"\npolicy = ["zoom"]\n', "policy"),
        ('[[augmentation]]\nuse = "diff_augment"\nfill = 2.0\n', "fill"),
    ],
)
def test_a_wrong_table_is_refused(text: str, message: str) -> None:
    with pytest.raises(RecipeError, match=message):
        digits(text)


def test_what_cannot_be_augmented_is_refused_before_training() -> None:
    with pytest.raises(IncompatibleError, match="DiffAugment changes images, and a sample has the shape"):
        procedure_of(tiny('[[augmentation]]\nuse = "diff_augment"\n'))
    encoder = '[procedure]\nuse = "vaegan"\n[encoder]\nuse = "mlp"\nz_dim = 4\n[[augmentation]]\nuse = "mirror"\n'
    with pytest.raises(IncompatibleError, match="procedure vaegan compares the features"):
        procedure_of(digits(encoder))
    srgan = TRANSLATING.replace('"translation"', '"srgan"') + '[[augmentation]]\nuse = "mirror"\n'
    with pytest.raises(IncompatibleError, match=r"set procedure\.features=0"):
        procedure_of(tiny(srgan, "discriminator.use=srgan", "discriminator.width=2"))
    by_pixels = tiny(srgan, "procedure.features=0", "discriminator.use=mlp")
    assert isinstance(procedure_of(by_pixels).D, AugmentedDiscriminator)


def test_a_run_resumes_exports_and_shows_clean_samples(tmp_path: Path) -> None:
    text = "".join(f'[[augmentation]]\nuse = "{name}"\n' for name in ("diff_augment", "mirror", "instance_noise"))
    recipe = digits(text, "run.steps=8", "run.save=4", 'run.precision="bf16"')
    whole = train(recipe, tmp_path / "whole", plugins=WITH_STAND_INS)
    begun = train(digits(text, "run.steps=5", "run.save=4", 'run.precision="bf16"'), tmp_path / "parts")
    again = Run.open(begun.folder)
    resumed = train(again.recipe(PLUGINS.zoo, ["run.steps=8"]), tmp_path, again)
    assert weights_hash(resumed) == weights_hash(whole)
    assert checkpoint.read(whole.latest).tensors["model"]["D.augmentations.2.moved"] == 8
    exported = export(whole, tmp_path / "export").folder
    assert torch.equal(ganzoo.load(exported).sample(4, seed=1), ganzoo.load(whole).sample(4, seed=1))


def image_examples(entry: Entry) -> Iterator[dict[str, Any]]:
    """Yield small recipes of a procedure on images."""
    for tree in examples.candidates(entry, WITH_STAND_INS):
        if len(tree["dataset"]["shape"]) == 3:
            yield tree


def build(tree: dict[str, Any], augmentation: str) -> Example:
    tree = {**tree, "augmentation": [{"use": augmentation}]}
    return Example(resolver.resolve(tree, WITH_STAND_INS.zoo, "example", name="example"))


def seen_through(entry: Entry, augmentation: str) -> Example | None:
    """Return the first example that trains without augmentation; None when there is none on images.

    Raises:
        IncompatibleError: It refuses the augmentation.
    """
    for tree in image_examples(entry):
        try:
            Example(resolver.resolve(tree, WITH_STAND_INS.zoo, "example", name="example")).trained(steps=1)
        except (IncompatibleError, RecipeError, RuntimeError, ValueError):
            continue
        example = build(tree, augmentation)
        example.procedure()
        return example
    return None


APART = {"l1", "l2", "pixels", "pixel", "feature", "features", "early", "margin"}
APART |= {f"{term}_{side}" for term in ("nce", "cycle", "identity") for side in "ab"}
"""Terms that compare samples themselves, or see them through another network than a discriminator."""


def terms_of(procedure: Procedure, batches: list[Batch]) -> dict[str, Tensor]:
    """Return all terms of three steps in which nobody moves, with equal random numbers."""
    torch.manual_seed(0)
    data = itertools.cycle(batches)
    return {
        f"{t}.{k} {player} {name}": term
        for t in range(3)
        for k, move in enumerate(procedure.step(data, t))
        for player, terms in move.items()
        for name, term in terms.items()
        if name not in APART and player != "classifier"
    }


def noise(example: Example, seed: int) -> list[Batch]:
    """Return batches of noise like those of the example, with equal labels for every seed."""
    generator = torch.Generator().manual_seed(seed)
    batches = example.batches()
    return [
        {
            key: torch.rand(value.shape, generator=generator) * 2 - 1 if value.is_floating_point() else value
            for key, value in next(batches).items()
        }
        for _ in range(40)
    ]


@pytest.mark.usefixtures("entries")
@pytest.mark.parametrize("entry", PROCEDURES, ids=lambda entry: entry.name)
def test_every_procedure_augments_real_and_fake_samples_in_every_move_or_refuses(entry: Entry) -> None:
    """Once all samples look alike, no term of an adversarial loss depends on the data or on the generator."""
    try:
        example = seen_through(entry, "blank")
    except (IncompatibleError, RecipeError) as refusal:
        assert "augmentation" in refusal.message and refusal.message.endswith("."), refusal.message
        assert entry.name in refusal.message
        return
    if example is None:
        pytest.skip("no discriminator of images")
    here, other_data, other_fakes = (example.procedure() for _ in range(3))
    with torch.no_grad():
        for parameter in generator_weights(other_fakes):
            parameter.mul_(0.5)
    terms = terms_of(here, noise(example, 1))
    for elsewhere in (terms_of(other_data, noise(example, 2)), terms_of(other_fakes, noise(example, 1))):
        assert terms.keys() == elsewhere.keys()
        assert [name for name in terms if not terms[name].equal(elsewhere[name])] == []
    reached = 0
    for name, term in terms.items():
        if term.requires_grad and "discriminator" not in name:
            gradients = torch.autograd.grad(term, generator_weights(here), allow_unused=True, retain_graph=True)
            assert not any(gradient.any() for gradient in gradients if gradient is not None), name
            reached += any(gradient is not None for gradient in gradients)
    assert reached  # by a graph that leads to the generator, through the augmentation


def generator_weights(procedure: Procedure) -> list[Tensor]:
    return [p for generator in procedure.generators() for p in generator.parameters() if p.requires_grad]
