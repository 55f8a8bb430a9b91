"""CUT: the contrast against its equation, the features that it compares, and who learns from what."""

from __future__ import annotations

import math
from typing import Any

import pytest
import torch
from torch import nn

from ganzoo import IncompatibleError, Spec
from ganzoo.config import instantiate
from ganzoo_builtins.gans.cut import BlurDown, BlurUp, CUTGenerator, patch_nce
from helpers.support import UNPAIRED, tiny

SPEC = Spec((1, 8, 8))


def made(*changes: str, spec: Spec = SPEC) -> Any:
    tables = ("procedure={use='cut', width=8}", "generator.use=cut")
    return instantiate.procedure(tiny(UNPAIRED, *tables, *changes), spec)


def test_the_contrast_is_that_of_the_equation() -> None:
    queries, keys = torch.tensor([[[2.0, 0.0], [1.0, 1.0]]]), torch.eye(2)[None]
    assert patch_nce(queries, keys, 0.07).item() == pytest.approx(math.log(2) / 2, abs=1e-5)  # 0.34657
    torch.manual_seed(0)
    q, k = torch.randn(3, 5, 4), torch.randn(3, 5, 4)
    q1, k1 = q / q.norm(dim=2, keepdim=True), k / k.norm(dim=2, keepdim=True)
    own = ((q1 * k1).sum(2) / 0.5).exp()
    others = torch.stack([((q1[:, s, None] * k1).sum(2) / 0.5).exp().sum(1) for s in range(5)], 1)
    torch.testing.assert_close(patch_nce(q, k, 0.5), -(own / others).log().mean())


@pytest.mark.parametrize("places", [64, 256])
def test_equal_features_tell_nothing(places: int) -> None:
    same = torch.ones(2, places, 3)
    assert patch_nce(same, same, 0.07).item() == pytest.approx(math.log(places), abs=1e-4)
    distinct = torch.eye(places)[None]
    assert patch_nce(distinct, distinct, 0.07).item() == pytest.approx(
        math.log(1 + (places - 1) * math.exp(-1 / 0.07)), abs=1e-5
    )


def test_features_see_1_9_15_35_and_99_pixels() -> None:
    G = CUTGenerator(Spec((1, 128, 128)), width=1, blocks=6)
    for module in G.modules():
        if isinstance(module, nn.Conv2d):
            nn.init.ones_(module.weight)
        if isinstance(module, nn.InstanceNorm2d):
            module.forward = lambda x: x  # type: ignore[method-assign, assignment]  # it would see the whole map
    x = torch.ones(1, 1, 128, 128, requires_grad=True)
    seen = []
    for features in G.features(x):
        middle = features.shape[-1] // 2
        (gradient,) = torch.autograd.grad(features[0, 0, middle, middle], x, retain_graph=True)
        seen.append(int((gradient[0, 0] != 0).any(0).sum()))
    assert seen == [1, 9, 15, 35, 99]


def test_few_blocks_have_features_too() -> None:
    G = CUTGenerator(SPEC, width=3, blocks=1)
    assert [f.shape[1] for f in G.features(torch.rand(2, 1, 8, 8))] == list(G.widths) == [1, 6, 12, 12, 12]
    with torch.device("meta"):
        paper = CUTGenerator(Spec((3, 256, 256)))
        assert sum(p.numel() for p in paper.parameters()) == 11_378_179


def test_blurs_keep_the_mean_and_undo_each_others_size() -> None:
    flat = torch.full((2, 3, 8, 12), 0.5)
    torch.testing.assert_close(BlurDown()(flat), flat[..., :4, :6])
    torch.testing.assert_close(BlurUp()(flat[..., :4, :6]), flat)
    ramp = torch.arange(8.0).expand(1, 1, 8, 8)
    assert BlurDown()(ramp)[0, 0, 2, 1:].tolist() == [2, 4, 6]
    assert BlurUp()(ramp)[0, 0, 5, 2:6].tolist() == [0.75, 1.25, 1.75, 2.25]


def test_no_gradient_flows_through_the_features_of_the_input() -> None:
    procedure = made()
    x, output = (torch.rand(2, 1, 8, 8, requires_grad=True) for _ in range(2))
    to_input, to_output = torch.autograd.grad(procedure.contrast(x, output), [x, output], allow_unused=True)
    assert to_input is None and to_output.abs().sum() > 0


def test_generator_and_heads_move_together_after_the_discriminator() -> None:
    procedure = made()
    moves = procedure.step(iter([{"a": torch.rand(2, 1, 8, 8), "b": torch.rand(2, 1, 8, 8)}]), 0)
    move = next(moves)
    assert move.keys() == {"discriminator"}
    sum(move["discriminator"].values()).backward()
    assert all(p.grad is None for p in [*procedure.G.parameters(), *procedure.H.parameters()])
    move = next(moves)
    assert [*move] == ["generator"] and [*move["generator"]] == ["adversarial", "nce_a", "nce_b"]
    (move["generator"]["nce_a"] + move["generator"]["nce_b"]).backward()
    assert all(p.grad is not None for p in procedure.H.parameters())
    assert any(p.grad is not None for p in procedure.G.parameters())


def test_weights_of_zero_leave_terms_out() -> None:
    procedure = made("procedure.nce_b=0", "procedure.nce_a=3")
    drawn = {"a": torch.rand(2, 1, 8, 8), "b": torch.rand(2, 1, 8, 8)}
    _, move = procedure.step(iter([drawn]), 0)
    assert [*move["generator"]] == ["adversarial", "nce_a"]
    torch.manual_seed(0)
    one = procedure.contrast(drawn["a"], procedure.G(drawn["a"]))
    assert one.item() == pytest.approx(math.log(64), abs=1.5)  # of at most 64 places and fewer


def test_other_generators_and_channels_are_refused_with_what_to_do() -> None:
    with pytest.raises(IncompatibleError, match=r'set generator\.use="cut"'):
        made("generator.use=cyclegan")
    with pytest.raises(IncompatibleError, match="the same number of channels"):
        made(spec=Spec((3, 8, 8), source_shape=(1, 8, 8)))
