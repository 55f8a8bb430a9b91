"""The figure of the first paper, (a) to (d): two densities and the discriminator between them; and what it claims."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from ganzoo.config import locate, resolver
from ganzoo.registry import discovery
from ganzoo.training import device
from ganzoo.training.session import Session
from ganzoo.utils.modes import sampling
from ganzoo_builtins.procedures import densities
from helpers.judging import wasserstein_1d
from helpers.support import tiny, train

PLUGINS = discovery.load()
X = torch.linspace(-6, 6, 1201)
LINE = '[dataset]\nuse = "gaussian_1d"\nn = 500\n'


def normal(x: Tensor, mean: float, std: float) -> Tensor:
    return (-((x - mean) / std).square() / 2).exp() / (std * (2 * torch.pi) ** 0.5)


def test_a_density_is_that_of_the_samples_and_integrates_to_one() -> None:
    samples = torch.randn(5000, generator=torch.Generator().manual_seed(0))
    drawn = densities.density(samples, X)
    assert torch.trapezoid(drawn, X).item() == pytest.approx(1, abs=1e-3)
    assert (drawn - normal(X, 0, 1)).abs().max() < 0.03


def test_the_best_discriminator_by_hand() -> None:
    data, generated = torch.tensor([0.3, 0.2, 0.0, 1e-9]), torch.tensor([0.1, 0.2, 0.4, 1e-9])
    best = densities.best(data, generated)
    assert best[:3].tolist() == pytest.approx([0.75, 0.5, 0.0])
    assert best[3].isnan()  # nobody is there


def colours(x: Tensor, fake: Tensor, logit: float) -> dict[str, set[int]]:
    """Style -> the rows of the picture that wear its colour, below the legend."""
    image = densities.draw(x, fake, lambda x: torch.full((len(x),), logit))
    pixels = torch.from_numpy(np.array(image))  # (HEIGHT, WIDTH, 3)
    results = {}
    for name, (colour, _) in densities.STYLES.items():
        rgb = torch.tensor([int(colour[i : i + 2], 16) for i in (1, 3, 5)])
        inside = (pixels == rgb).all(2)[densities.MARGIN : densities.HEIGHT - densities.MARGIN + 2]
        results[name] = set(torch.nonzero(inside.any(1)).flatten().tolist())
    return results


def test_the_figure_at_its_end_has_both_discriminators_at_one_half() -> None:
    x = torch.randn(2000, 1, generator=torch.Generator().manual_seed(0))
    rows = colours(x, x, logit=0.0)
    half = (densities.HEIGHT - 2 * densities.MARGIN) // 2
    assert rows["discriminator"] and all(
        abs(row - half) <= 2 for row in rows["discriminator"] | rows["best discriminator"]
    )
    assert len(rows["generated"]) > half  # it covers the data's, from the axis to the top


def test_the_figure_at_its_start_has_the_best_discriminator_sure_of_itself() -> None:
    x = torch.randn(2000, 1, generator=torch.Generator().manual_seed(0))
    rows = colours(x, x + 20, logit=-30.0)
    bottom = densities.HEIGHT - 2 * densities.MARGIN
    assert min(rows["discriminator"]) >= bottom - 2
    assert min(rows["best discriminator"]) <= 2 and max(rows["best discriminator"]) >= bottom - 2


def test_a_run_on_a_line_draws_it_and_one_on_a_plane_does_not(tmp_path: Path) -> None:
    line, plane = train(tiny(LINE), tmp_path), train(tiny(), tmp_path)
    assert [path.name for path in sorted(line.samples.glob("densities-*"))] == [
        f"densities-step-{t:08d}.png" for t in (0, 6, 12)
    ]
    assert not list(plane.samples.glob("densities-*"))


def test_a_discriminator_of_packs_is_not_drawn(tmp_path: Path) -> None:
    run = train(tiny(f'{LINE}[procedure]\nuse = "pacgan"\n'), tmp_path)
    assert run.status["state"] == "finished" and not list(run.samples.glob("densities-*"))


def test_samples_that_are_not_finite_are_not_drawn() -> None:
    """So that the run ends with what the grid says about them."""
    procedure = Session(recipe := tiny(LINE), device.accelerator(recipe.run)).procedure
    assert set(procedure.panels({"x": torch.randn(9, 1)})) == {"densities"}
    next(procedure.G.parameters()).data.fill_(torch.nan)
    assert procedure.panels({"x": torch.randn(9, 1)}) == {}


def trainee(*changes: str) -> Session:
    recipe, _ = resolver.read(locate.find("gan_gaussian_1d", PLUGINS), changes, PLUGINS.zoo)
    return Session(recipe, device.accelerator(recipe.run))


@pytest.mark.slow
@pytest.mark.parametrize("loss", ["non_saturating", "minimax"])
def test_both_losses_of_the_paper_find_the_gaussian(loss: str) -> None:
    """Within 1,000 steps. Seeds 0, 1, 2 came to 0.040, 0.094, 0.055 (non_saturating) and 0.088, 0.096, 0.077."""
    chosen = trainee(f"loss.use={loss}", "run.steps=1000")
    for t in range(1000):
        chosen.step(t)
    procedure = chosen.procedure
    with sampling(procedure, torch.device("cpu"), 0):
        fake, real = procedure.sample(5000), chosen.dataset.tensors()["x"][:5000]
        opinions = [procedure.D(x).sigmoid().mean().item() for x in (real, fake)]
    assert wasserstein_1d(fake, real) < 0.15
    assert all(0.35 < opinion < 0.65 for opinion in opinions)


@pytest.mark.slow
def test_a_discriminator_trained_alone_becomes_the_best_one() -> None:
    """Proposition 1: p_data / (p_data + p_g), against a generator that is frozen on its way.

    The mean distance was 0.052, 0.051 and 0.031 with seeds 0, 1 and 2.
    """
    chosen = trainee("run.steps=2150", "optimizer.discriminator.lr=3e-3")
    procedure, engine = chosen.procedure, chosen.engine
    for t in range(150):
        chosen.step(t)
    frozen = [p.clone() for p in procedure.G.parameters()]
    for t in range(150, 2150):
        for move in procedure.step(chosen.batches, t):
            if "discriminator" in move:  # the generator's moves are never made
                engine.apply(move)
    assert all(torch.equal(p, q) for p, q in zip(frozen, procedure.G.parameters(), strict=True))
    with sampling(procedure, torch.device("cpu"), 0):
        fake, real = procedure.sample(50_000), chosen.dataset.tensors()["x"][:50_000]
        x = torch.cat([real[::25], fake[::25]])  # (4000, 1): where there are samples
        generated = densities.density(fake[:, 0], torch.linspace(x.min().item(), x.max().item(), 400))
        places = ((x[:, 0] - x.min()) / (x.max() - x.min()) * 399).round().long()
        best = densities.best(normal(x[:, 0], 4.0, 0.5), generated[places])
        error = (procedure.D(x).sigmoid() - best).abs().nanmean().item()
    assert 0.05 < best.nan_to_num(0.5).sub(0.5).abs().mean() < 0.45  # they overlap, and differ
    assert error < 0.08
