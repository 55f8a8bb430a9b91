"""ADA's controller, which APA shares: steps of p, its limits, equal over processes and on resume; what APA replaces."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from ganzoo import Comparison, IncompatibleError, Spec
from ganzoo.runs import checkpoint
from ganzoo.sampling.run import Run
from ganzoo_builtins.augmentations.ada import ADA
from ganzoo_builtins.augmentations.apa import APA
from ganzoo_builtins.losses.least_squares import LeastSquares
from ganzoo_builtins.losses.non_saturating import NonSaturating
from ganzoo_builtins.losses.relativistic import Relativistic
from ganzoo_builtins.losses.wasserstein import Wasserstein
from helpers.support import PLUGINS, tiny, train, weights_hash


def moved(augmentation: Any, logits: Tensor, moves: int = 1, **more: Any) -> float:
    """Return p after moves in which the discriminator gives real samples these logits."""
    x = torch.zeros(len(logits), 1, 4, 4)
    compared = replace(Comparison.of(nn.Identity(), nn.Identity(), x, x, real_logits=logits), **more)
    for _ in range(moves):
        augmentation.observe(compared)
        augmentation.after_move()
    return augmentation.controller.p.item()


KNOWN, GUESSED = torch.ones(64), torch.tensor([1.0, -1.0]).repeat(32)


@pytest.mark.parametrize("kind", [ADA, APA])
def test_p_changes_every_four_moves_by_the_share_of_their_samples(kind: Any) -> None:
    augmentation = kind()
    assert moved(augmentation, KNOWN, 3) == 0
    assert moved(augmentation, KNOWN) == pytest.approx(5.12e-4)  # 4 * 64 / 500,000
    assert moved(augmentation, KNOWN, 8) == pytest.approx(3 * 5.12e-4)
    assert augmentation.report()[f"{kind.__name__.lower()}_sign"] == 1
    assert moved(augmentation, GUESSED, 4) == pytest.approx(2 * 5.12e-4)
    assert moved(kind(), KNOWN[:32], 4) == pytest.approx(2.56e-4)


def test_p_keeps_its_limits() -> None:
    assert moved(ADA(images=1000), GUESSED, 40) == 0
    assert moved(ADA(images=1000), KNOWN, 40) == pytest.approx(0.8)
    assert moved(ADA(images=1000, limit=1.0), KNOWN, 40) == 1


def test_the_target_decides_between_rising_and_falling() -> None:
    logits = torch.cat([torch.ones(16), -torch.ones(4)])  # r = 0.6 = the target
    assert moved(ADA(target=0.59), logits, 4) > 0 == moved(ADA(target=0.61), logits, 4)


def test_signs_and_samples_of_all_processes_count() -> None:
    """Two processes, one of which recognizes everything and one nothing: r = 0; both have the same p."""
    assert moved(ADA(), KNOWN, 4, over_processes=lambda value: 0 * value, processes=2) == 0
    assert moved(ADA(), KNOWN, 4, processes=2) == pytest.approx(2 * 5.12e-4)


def test_logits_are_computed_where_the_move_has_none() -> None:
    x = torch.zeros(8, 1, 4, 4)
    augmentation = ADA(every=1)
    augmentation.observe(Comparison.of(nn.Identity(), nn.Identity(), x, x, judge=lambda x: x.mean((1, 2, 3)) + 1))
    augmentation.after_move()
    assert augmentation.controller.sign == 1


def test_the_threshold_is_that_of_the_loss() -> None:
    augmentation = ADA(every=1)
    augmentation.fit(LeastSquares())
    assert moved(augmentation, torch.full((64,), 0.4)) == 0
    assert moved(augmentation, torch.full((64,), 0.6)) > 0
    augmentation.fit(NonSaturating())
    augmentation.fit(None)
    for loss in (Wasserstein(), Relativistic()):
        with pytest.raises(IncompatibleError, match=f"no logit of loss {type(loss).__name__} separates"):
            augmentation.fit(loss)
        with pytest.raises(IncompatibleError, match="augmentation apa counts"):
            APA().fit(loss)


def test_the_operations_happen_as_often_as_p_says() -> None:
    torch.manual_seed(0)
    augmentation, x = ADA(["brightness"], images=1000, limit=0.5), torch.zeros(4000, 1, 2, 2)
    assert torch.equal(augmentation(x), x)
    moved(augmentation, KNOWN, 40)
    assert (augmentation(x)[:, 0, 0, 0] != 0).float().mean().item() == pytest.approx(0.5, abs=0.03)


def test_apa_replaces_real_samples_by_generated_ones_of_their_labels() -> None:
    torch.manual_seed(0)
    augmentation = APA()
    batch = {"x": torch.zeros(4000, 2), "y": torch.arange(4000) % 3}

    def generate(y: Tensor | None) -> Tensor:
        assert y is batch["y"]
        return y[:, None].float().repeat(1, 2) + 1

    assert torch.equal(augmentation.replace_real(batch, generate)["x"], batch["x"])
    augmentation.controller.p.fill_(0.3)
    seen = augmentation.replace_real(batch, generate)
    replaced = seen["x"].ne(0).all(1)
    assert replaced.float().mean().item() == pytest.approx(0.3, abs=0.03)
    assert torch.equal(seen["x"][replaced], generate(batch["y"])[replaced]) and seen["y"] is batch["y"]
    assert not batch["x"].any() and torch.equal(augmentation(seen["x"]), seen["x"])
    augmentation.check(Spec((2,)))


@pytest.mark.parametrize("name", ["ada", "apa"])
def test_a_run_resumes_with_p(name: str, tmp_path: Path) -> None:
    text = f'[dataset]\nuse = "digits"\n[[augmentation]]\nuse = "{name}"\nimages = 200\nevery = 2\ntarget = -0.9\n'
    whole = train(tiny(text, "run.steps=6", "run.save=3"), tmp_path / "whole")
    begun = train(tiny(text, "run.steps=4", "run.save=3"), tmp_path / "parts")
    again = Run.open(begun.folder)
    resumed = train(again.recipe(PLUGINS.zoo, ["run.steps=6"]), tmp_path, again)
    assert weights_hash(resumed) == weights_hash(whole)
    p = checkpoint.read(whole.latest).tensors["model"]["D.augmentations.0.controller.p"]
    assert 0 < p <= 0.8
    assert f"{name}_p" in whole.folder.joinpath("metrics.jsonl").read_text()


def test_a_translator_has_nothing_to_replace_with() -> None:
    from ganzoo.config import instantiate
    from helpers.support import TRANSLATING

    recipe = tiny(TRANSLATING + '[[augmentation]]\nuse = "apa"\n')
    with pytest.raises(IncompatibleError, match="APA replaces samples by generated ones"):
        instantiate.procedure(recipe, instantiate.dataset(recipe).spec)
