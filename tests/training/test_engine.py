"""The engine's laws."""

from __future__ import annotations

import copy
from collections.abc import Iterator

import pytest
import torch
from torch import Tensor, nn

from ganzoo import Batch, IncompatibleError, Move, Procedure
from ganzoo.training.engine import Engine
from helpers.support import accelerator


class Duel(Procedure):
    """Two linear players whose moves a test scripts."""

    def __init__(self, moves: object) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.a = nn.Linear(3, 3)
        self.b = nn.Linear(3, 1)
        self.script = moves

    def players(self) -> dict[str, list[nn.Module]]:
        return {"a": [self.a], "b": [self.b]}

    def step(self, data: Iterator[Batch], t: int) -> Iterator[Move]:
        yield from self.script(self, next(data)["x"])  # type: ignore[operator]

    def sample(self, n: int, y: Tensor | None = None) -> Tensor:
        return self.a(torch.randn(n, 3))


def engine(procedure: Procedure, precision: str = "no", clip: float = 0.0, lr: float = 0.1) -> Engine:
    return Engine(procedure, lambda player, owned: torch.optim.SGD(owned, lr=lr), accelerator(precision), clip)


def data(n: int = 4) -> Iterator[Batch]:
    torch.manual_seed(1)
    while True:
        yield {"x": torch.randn(n, 3)}


def weights(module: nn.Module) -> list[Tensor]:
    return [p.detach().clone() for p in module.parameters()]


def changed(module: nn.Module, before: list[Tensor]) -> bool:
    return any(not torch.equal(p, q) for p, q in zip(module.parameters(), before, strict=True))


@pytest.mark.parametrize(("mover", "stays"), [("a", "b"), ("b", "a")])
def test_a_move_changes_the_named_player_alone(mover: str, stays: str) -> None:
    duel = Duel(lambda self, x: iter([{mover: {"loss": self.b(self.a(x)).mean()}}]))
    before = {name: weights(getattr(duel, name)) for name in "ab"}
    engine(duel).step(data(), 0)
    assert changed(getattr(duel, mover), before[mover])
    assert not changed(getattr(duel, stays), before[stays])
    assert all(p.grad is None for p in getattr(duel, stays).parameters())


def test_the_opponents_weight_gradients_are_not_computed() -> None:
    asked = []

    class Watched(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x: Tensor, weight: Tensor) -> Tensor:  # type: ignore[no-untyped-def]
            ctx.save_for_backward(x, weight)
            return x @ weight.T

        @staticmethod
        def backward(ctx, gradient: Tensor) -> tuple[Tensor, Tensor]:  # type: ignore[no-untyped-def]
            x, weight = ctx.saved_tensors
            asked.append(tuple(ctx.needs_input_grad))
            return gradient @ weight, gradient.T @ x

    calls = []
    weight_hook = lambda gradient: calls.append(gradient)  # noqa: E731
    duel = Duel(lambda self, x: iter([{"a": {"loss": Watched.apply(self.a(x), self.b.weight).mean()}}]))
    duel.b.weight.register_hook(weight_hook)
    engine(duel).step(data(), 0)
    assert len(asked) == 1
    assert calls == []  # nothing flowed into b's weight


def test_players_in_one_move_step_from_the_same_point() -> None:
    def both(self: Duel, x: Tensor) -> Iterator[Move]:
        value = self.b(self.a(x)).square().mean()
        yield {"a": {"loss": value}, "b": {"loss": -value}}

    duel = Duel(both)
    twin = copy.deepcopy(duel)
    x = next(data())["x"]
    value = twin.b(twin.a(x)).square().mean()
    of_a = torch.autograd.grad(value, list(twin.a.parameters()), retain_graph=True)
    of_b = torch.autograd.grad(-value, list(twin.b.parameters()))
    engine(duel).step(data(), 0)
    for module, original, gradients in ((duel.a, twin.a, of_a), (duel.b, twin.b, of_b)):
        for p, q, g in zip(module.parameters(), original.parameters(), gradients, strict=True):
            assert torch.equal(p, torch.add(q, g, alpha=-0.1))


class Shared(Duel):
    """Two players train all of b, a third one a and the bias of b."""

    def players(self) -> dict[str, list[nn.Module]]:
        bias = nn.Module()
        bias.register_parameter("bias", self.b.bias)
        return {"high": [self.b], "low": [self.b], "a": [self.a, bias]}


def of_three(self: Duel, x: Tensor) -> dict[str, Tensor]:
    """A loss for each player, from one forward pass, of very different size."""
    out = self.b(self.a(x))
    return {"high": -out.mean(), "low": 100 * out.square().mean(), "a": out.exp().mean()}


def adam(owned: list[nn.Parameter]) -> torch.optim.Optimizer:
    return torch.optim.Adam(owned, lr=0.01)


@pytest.mark.parametrize("order", [("high", "low", "a"), ("a", "low", "high")], ids=" ".join)
@pytest.mark.parametrize("clip", [0.0, 0.5])
def test_players_that_share_parameters_step_by_their_own_gradients(order: tuple[str, ...], clip: float) -> None:
    """Bit for bit a loop written by hand: every gradient at the same point, then every optimizer in turn."""

    def together(self: Duel, x: Tensor) -> Iterator[Move]:
        losses = of_three(self, x)
        yield {player: {"loss": losses[player]} for player in order}

    duel = Shared(together)
    twin = copy.deepcopy(duel)
    made = Engine(duel, lambda player, owned: adam(owned), accelerator(), clip)
    owned = {"high": [*twin.b.parameters()], "low": [*twin.b.parameters()], "a": [*twin.a.parameters(), twin.b.bias]}
    optimizers = {player: adam(parameters) for player, parameters in owned.items()}
    batches, again = data(), list(zip(range(5), data(), strict=False))
    for t, batch in again:
        losses = of_three(twin, batch["x"])
        gradients = {p: torch.autograd.grad(losses[p], owned[p], retain_graph=True) for p in order}
        for player in order:
            for parameter, gradient in zip(owned[player], gradients[player], strict=True):
                parameter.grad = gradient.clone()
            if clip:
                nn.utils.clip_grad_norm_(owned[player], clip)
            optimizers[player].step()
        made.step(batches, t)
    assert all(torch.equal(p, q) for p, q in zip(duel.parameters(), twin.parameters(), strict=True))
    assert all(parameter.grad is None for parameter in duel.parameters())
    for player in order:
        of_engine, by_hand = made.optimizers[player].state_dict(), optimizers[player].state_dict()
        assert torch.equal(of_engine["state"][0]["exp_avg"], by_hand["state"][0]["exp_avg"])


def test_a_player_that_is_skipped_takes_no_gradient_along() -> None:
    """A loss that is not finite concerns its own player alone, although the other trains the same parameters."""

    def together(self: Duel, x: Tensor) -> Iterator[Move]:
        losses = of_three(self, x)
        yield {"high": {"loss": losses["high"]}, "low": {"loss": float("inf") * losses["low"]}}

    duel, alone = Shared(together), Shared(lambda self, x: iter([{"high": {"loss": of_three(self, x)["high"]}}]))
    for one in (duel, alone):
        Engine(one, lambda player, owned: adam(owned), accelerator(), skip=True).step(data(), 0)
    assert all(torch.equal(p, q) for p, q in zip(duel.parameters(), alone.parameters(), strict=True))


def test_gradients_are_set_aside_only_where_they_would_mix(monkeypatch: pytest.MonkeyPatch) -> None:
    taken: list[object] = []
    monkeypatch.setattr("ganzoo.training.engine._take_gradients", lambda parameters: taken.append(parameters))

    def apart(self: Duel, x: Tensor) -> Iterator[Move]:
        for player in self.players():  # one after the other
            yield {player: {"loss": self.b(self.a(x)).mean()}}

    engine(Shared(apart)).step(data(), 0)
    engine(Duel(lambda self, x: iter([{p: {"loss": self.b(self.a(x)).mean()} for p in "ab"}]))).step(data(), 0)
    assert taken == []


def test_a_player_minimises_the_sum_of_its_terms() -> None:
    duel = Duel(lambda self, x: iter([{"b": {"one": self.b(x).mean(), "two": 3 * self.b(x).mean()}}]))
    before, x = weights(duel.b), next(data())["x"]
    made = engine(duel)
    made.step(data(), 0)
    assert torch.allclose(duel.b.weight, before[0] - 0.1 * 4 * x.mean(0), atol=1e-7)
    values = made.read()
    assert values["b/two"] == pytest.approx(3 * values["b/one"])


def test_an_orphan_is_refused_by_name() -> None:
    class Forgetful(Duel):
        def players(self) -> dict[str, list[nn.Module]]:
            return {"a": [self.a]}

    with pytest.raises(IncompatibleError, match=r"no player trains b\.weight, b\.bias"):
        engine(Forgetful(None))


def test_a_frozen_module_needs_no_player() -> None:
    class Frozen(Duel):
        def players(self) -> dict[str, list[nn.Module]]:
            return {"a": [self.a]}

    duel = Frozen(lambda self, x: iter([{"a": {"loss": self.a(x).mean()}}]))
    duel.b.requires_grad_(False)
    assert set(engine(duel).optimizers) == {"a"}


def test_a_player_with_nothing_to_train_is_refused() -> None:
    class Idle(Duel):
        def players(self) -> dict[str, list[nn.Module]]:
            return {"a": [self.a], "b": [self.b], "idle": [nn.ReLU()]}

    with pytest.raises(IncompatibleError, match="'idle' has nothing to train"):
        engine(Idle(None))


def test_an_unknown_player_is_named() -> None:
    duel = Duel(lambda self, x: iter([{"aa": {"loss": self.a(x).mean()}}]))
    with pytest.raises(ValueError, match=r"moved 'aa'\. Did you mean 'a'"):
        engine(duel).step(data(), 0)


def test_a_term_must_be_a_scalar() -> None:
    duel = Duel(lambda self, x: iter([{"a": {"loss": self.a(x)}}]))
    with pytest.raises(ValueError, match=r"a/loss should be a scalar, not of shape \(4, 3\)"):
        engine(duel).step(data(), 0)


def test_a_yield_inside_no_grad_is_refused() -> None:
    def careless(self: Duel, x: Tensor) -> Iterator[Move]:
        with torch.no_grad():
            yield {"a": {"loss": self.a(x).mean()}}

    try:
        with pytest.raises(RuntimeError, match=r"inside torch\.no_grad"):
            engine(Duel(careless)).step(data(), 0)
    finally:
        torch.set_grad_enabled(True)


def test_a_stale_term_is_explained() -> None:
    def stale(self: Duel, x: Tensor) -> Iterator[Move]:
        late = self.b(self.a(x)).square().mean()
        yield {"b": {"loss": self.b(self.a(x)).mean()}}
        yield {"a": {"loss": late}}

    with pytest.raises(RuntimeError) as caught:
        engine(Duel(stale)).step(data(), 0)
    assert "compute it after" in caught.value.__notes__[0]


def test_clipping_bounds_the_gradient_of_each_player() -> None:
    duel = Duel(lambda self, x: iter([{"b": {"loss": 1000 * self.b(x).mean()}}]))
    before = weights(duel.b)
    engine(duel, clip=0.5, lr=1.0).step(data(), 0)
    moved = torch.cat([(p - q).flatten() for p, q in zip(duel.b.parameters(), before, strict=True)])
    assert moved.norm().item() == pytest.approx(0.5, rel=1e-4)


def test_autocast_covers_the_forward_and_not_the_step() -> None:
    seen = {}

    def look(self: Duel, x: Tensor) -> Iterator[Move]:
        seen["forward"] = self.b(x).dtype
        yield {"b": {"loss": self.b(x).float().mean()}}
        seen["after the move"] = self.b(x).dtype

    class Spy(torch.optim.SGD):
        def step(self, closure: None = None) -> None:  # type: ignore[override]
            seen["step"] = torch.is_autocast_enabled("cpu")
            super().step(closure)

    duel = Duel(look)
    Engine(duel, lambda player, owned: Spy(owned, lr=0.1), accelerator("bf16")).step(data(), 0)
    assert seen == {"forward": torch.bfloat16, "after the move": torch.bfloat16, "step": False}
    assert duel.b.weight.dtype == torch.float32


def test_a_forward_after_a_move_sees_the_new_weights_under_autocast() -> None:
    outputs = []

    def twice(self: Duel, x: Tensor) -> Iterator[Move]:
        for _ in range(2):
            value = self.b(x).float().mean()
            outputs.append(value.item())
            yield {"b": {"loss": 100 * value}}

    Engine(Duel(twice), lambda player, owned: torch.optim.SGD(owned, lr=1.0), accelerator("bf16")).step(
        iter([{"x": torch.ones(4, 3)}]), 0
    )
    assert outputs[1] == pytest.approx(outputs[0] - 400, rel=0.02)  # gradient 100 for each of 3 weights and the bias


def test_nothing_of_a_step_is_kept_alive() -> None:
    duel = Duel(lambda self, x: iter([{"b": {"loss": self.b(x).mean()}}]))
    made = engine(duel)
    made.step(data(), 0)
    assert not made.terms["b/loss"].requires_grad


def norms(clip: float = 0.0, precision: str = "no") -> tuple[dict[str, float], Duel, Engine]:
    """Values that are read after one watched step of two players, the second of which moves twice."""

    def moves(self: Duel, x: Tensor) -> Iterator[Move]:
        yield {"a": {"loss": self.b(self.a(x)).square().mean()}}
        for factor in (1.0, 3.0):
            yield {"b": {"loss": factor * self.b(x).mean()}}

    duel = Duel(moves)
    made = engine(duel, precision, clip)
    made.watched = True
    made.step(data(), 0)
    return made.read(), duel, made


def test_a_watched_gradient_has_the_norm_of_the_last_move_before_clipping() -> None:
    x = next(data())["x"]
    expected = torch.cat([3 * x.mean(0), torch.tensor([3.0])]).norm().item()  # of a linear layer: weight and bias
    for clip in (0.0, 1e-3):
        read, _, made = norms(clip)
        assert read["gradient/b"] == pytest.approx(expected, rel=1e-6)
        assert read["gradient/a"] > 0
        made.watched = False
        made.step(data(), 1)
        assert not any(name.startswith("gradient/") for name in made.read())


def test_a_watched_gradient_has_the_loss_scale_taken_out() -> None:
    def moves(self: Duel, x: Tensor) -> Iterator[Move]:
        yield {"b": {"loss": self.b(x).mean()}}

    plain, scaled = engine(Duel(moves)), engine(Duel(moves))
    scaled.scalers = {player: torch.amp.GradScaler("cpu", init_scale=1024.0) for player in scaled.scalers}
    for made in (plain, scaled):
        made.watched = True
        made.step(data(), 0)
    assert scaled.read()["gradient/b"] == pytest.approx(plain.read()["gradient/b"], rel=1e-6)


def test_watching_changes_no_bit() -> None:
    _, watched, _ = norms(clip=0.1)
    twin = Duel(watched.script)
    engine(twin, clip=0.1).step(data(), 0)
    assert all(torch.equal(p, q) for p, q in zip(watched.parameters(), twin.parameters(), strict=True))


def test_outputs_on_real_and_fake_are_told_apart() -> None:
    def moves(self: Duel, x: Tensor) -> Iterator[Move]:
        self.log(real=torch.tensor([1.0, 3.0]), fake=torch.tensor([0.0, 2.0]), other=x)
        yield {"b": {"loss": self.b(x).mean()}}

    made = engine(Duel(moves))
    made.step(data(), 0)
    read = made.read()
    assert (read["real"], read["fake"], read["told_apart"]) == (2.0, 1.0, 0.75)
    assert made.read() == {}
