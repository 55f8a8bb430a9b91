"""What a ganzoo.Procedure promises of its players. Of its steps: training.py. Of its samples: sampling.py."""

from __future__ import annotations

from ganzoo.testing.check import BrokenPromiseError, expect
from ganzoo.testing.component import Component
from ganzoo.testing.trying import example_of, sought, trainable

FEW = 12  # steps within which every player has its turn


def it_takes_a_step_on_a_small_example(component: Component) -> None:
    """There is an example of it to check: of small stand-ins for the parts that its constructor asks for, else a recipe
    of its plugin made small, else the plugin's own parts. Data are noise, of points, images or token ids.
    """
    found = sought(component)
    if isinstance(found, BrokenPromiseError):
        raise found


def every_trainable_parameter_belongs_to_a_player(component: Component) -> None:
    """What no player trains would stay as it was drawn, and nobody would notice."""
    example = example_of(component)
    expect(not example.orphans, f"{component}: {example.orphans}")


def every_player_moves_within_a_few_steps(component: Component) -> None:
    """Each player that players() names is named by a move, and its weights are others afterwards, and finite."""
    example = trainable(component)
    before, after = example.procedure(), example.procedure()
    engine, batches = example.engine(after), example.batches()
    still = {*engine.parameters}
    for t in range(FEW):
        engine.step(batches, t)
        there = before.players()
        for player, modules in after.players().items():
            here = [p for module in modules for p in module.parameters()]
            first = [p for module in there[player] for p in module.parameters()]
            expect(
                all(p.isfinite().all() for p in here),
                f"{component}: after {t + 1} steps the weights of {player!r} are not finite. Compute in float32 what "
                "overflows, or bound it: a logarithm of 0, a division by a norm that is 0.",
            )
            if any(not p.equal(q) for p, q in zip(here, first, strict=True)):
                still.discard(player)
        if not still:
            return
    for player in still:
        expect(
            engine.moved[player],
            f"{component}: {player!r} did not move in {FEW} steps. Yield its terms under that name in step(), or leave "
            "it out of players().",
        )
        expect(
            False,
            f"{component}: {player!r} moved, and its weights are as they were. Its terms do not depend on them: look "
            "for a detach() or a torch.no_grad() too many.",
        )
