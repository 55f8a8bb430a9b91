"""The pull-away term: closed forms, whom it moves, and where it stands."""

import pytest
import torch
from torch import nn

from ganzoo import Spec
from ganzoo.config.component import Blueprint
from ganzoo.registry.discovery import load
from ganzoo_builtins.regularizers.pull_away import PullAway, pull_away
from helpers.support import compared

ZOO = load().zoo


def codes(*rows):
    return torch.tensor(rows, dtype=torch.float32)


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        (codes([1, 0], [1, 1], [0, 2]), 1 / 3),  # squared cosines 1/2, 0, 1/2 of the three pairs
        (codes([1, 0], [0, 3]), 0.0),
        (codes([1, 2], [2, 4], [-1, -2]), 1.0),  # opposite directions are as bad as equal ones
        (codes([5, 5]), 0.0),  # a single one has no pair
        (codes([0, 0], [1, 0]), 0.0),  # a code of nothing points nowhere
    ],
    ids=["golden", "right angles", "one line", "alone", "nothing"],
)
def test_mean_squared_cosine_of_all_pairs(rows, expected):
    assert pull_away(rows).item() == pytest.approx(expected, abs=1e-6)


def test_it_is_the_double_sum_of_the_paper():
    torch.manual_seed(0)
    rows = torch.randn(7, 5)
    pairs = [torch.cosine_similarity(rows[i], rows[j], dim=0) ** 2 for i in range(7) for j in range(7) if i != j]
    assert pull_away(rows).item() == pytest.approx(torch.stack(pairs).mean().item(), abs=1e-6)


def test_its_gradient_is_finite_for_equal_and_for_empty_codes():
    for rows in (torch.zeros(3, 4), torch.ones(3, 4)):
        rows.requires_grad_()
        pull_away(rows).backward()
        assert rows.grad.isfinite().all()


def test_descending_it_turns_codes_to_right_angles():
    torch.manual_seed(0)
    rows = (torch.ones(4, 8) + 0.1 * torch.randn(4, 8)).requires_grad_()
    before = pull_away(rows).item()
    optimizer = torch.optim.Adam([rows], lr=0.05)
    for _ in range(200):
        optimizer.zero_grad()
        pull_away(rows).backward()
        optimizer.step()
    assert before > 0.9 and pull_away(rows).item() < 0.01


def test_it_stands_in_the_generators_move_alone_with_its_weight():
    torch.manual_seed(0)
    parts = {"generator": {"hidden": [8]}, "discriminator": {"hidden": [6]}}
    G, D = (Blueprint(ZOO.find(kind, name), parts[kind]) for kind, name in
            (("generator", "mlp"), ("discriminator", "autoencoder")))  # fmt: skip
    energy, regularizer = Blueprint(ZOO.find("loss", "energy")), Blueprint(ZOO.find("regularizer", "pull_away"))
    procedure = ZOO.find("procedure", "shared_fakes").load()(Spec((2,)), G, D, energy, [regularizer])
    first, second = procedure.step(iter([{"x": torch.randn(5, 2)}]), 0)
    assert list(first["discriminator"]) == ["adversarial"]
    assert list(second["generator"]) == ["adversarial", "pull_away"]
    term = second["generator"]["pull_away"]
    assert all(
        gradient.any() for gradient in torch.autograd.grad(term, [p for p in procedure.G.parameters() if p.dim() > 1])
    )


def test_weight():
    rows = codes([1, 0], [1, 1], [0, 2])
    terms = PullAway(weight=0.3).generator_terms(compared(lambda x: x, rows, rows))
    assert {name: term.item() for name, term in terms.items()} == pytest.approx({"pull_away": 0.1})
    assert PullAway().terms(compared(nn.Identity(), rows, rows)) == {}
