"""The number of threads that the policy chooses on made-up durations, and what the choice costs."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import pairwise

import pytest

from ganzoo.training.thread_policy import SHARE, WAIT, ThreadPolicy, pace

QUIET = {1: 0.025, 2: 0.018}  # seconds per step by number of threads
BUSY = {1: 0.022, 2: 0.060}  # beside a program that keeps one of two cores busy
JAMMED = {1: 0.022, 2: 0.330}

World = Callable[[int, float, int], float]
"""(threads, seconds so far, steps so far) -> duration of the next step."""


@dataclass
class Training:
    """Steps taken with the numbers of threads that a policy chose."""

    policy: ThreadPolicy
    seconds: float = 0.0
    steps: int = 0
    changes: list[tuple[float, int]] = field(default_factory=list)
    measured_at: list[float] = field(default_factory=list)
    used: list[int] = field(default_factory=list)

    def run(self, world: World, seconds: float) -> Training:
        while self.seconds < seconds:
            self.step(world)
        return self

    def step(self, world: World) -> None:
        chosen, comparisons = self.policy.chosen, self.policy.comparisons
        duration = world(self.policy.threads, self.seconds, self.steps)
        self.used.append(self.policy.threads)
        self.policy.report(duration)
        self.seconds += duration
        self.steps += 1
        if self.policy.chosen != chosen:
            self.changes.append((self.seconds, self.policy.chosen))
        if self.policy.comparisons != comparisons:
            self.measured_at.append(self.seconds)


def train(world: World, seconds: float, options: tuple[int, ...] = (1, 2)) -> Training:
    return Training(ThreadPolicy(options)).run(world, seconds)


def steps_with(n: int, world: World, seconds: float) -> int:
    """Count the steps that n threads take in this time."""
    elapsed, steps = 0.0, 0
    while elapsed < seconds:
        elapsed += world(n, elapsed, steps)
        steps += 1
    return steps


def with_neighbour(begin: float, end: float, busy: dict[int, float] = BUSY) -> World:
    return lambda n, elapsed, _: (busy if begin <= elapsed < end else QUIET)[n]


def noisy(world: World, seed: int, jitter: float = 0.1) -> World:
    """Make steps longer by random amounts, and one of a hundred ten times as long."""
    numbers = random.Random(seed)
    factors = [(1 + abs(numbers.gauss(0, jitter))) * (10 if numbers.random() < 0.01 else 1) for _ in range(10_000)]
    return lambda n, elapsed, steps: world(n, elapsed, steps) * factors[steps % len(factors)]


quiet = with_neighbour(0, 0)


def test_quiet_machine_gets_two_threads_within_a_second() -> None:
    training = train(quiet, 60)
    assert [n for _, n in training.changes] == [2]
    assert training.changes[0][0] < 1
    assert training.steps > 0.99 * steps_with(2, quiet, 60)


@pytest.mark.parametrize("busy", [BUSY, JAMMED], ids=["busy", "jammed"])
def test_neighbour_from_the_start_gets_one_thread(busy: dict[int, float]) -> None:
    world = with_neighbour(0, 1e9, busy)
    training = train(world, 60)
    assert training.changes == [] and training.policy.chosen == 1
    assert training.steps > 0.97 * steps_with(1, world, 60)


@pytest.mark.parametrize("busy", [BUSY, JAMMED], ids=["busy", "jammed"])
@pytest.mark.parametrize("seed", range(5))
def test_neighbour_comes_and_goes(busy: dict[int, float], seed: int) -> None:
    world = noisy(with_neighbour(60, 120, busy), seed)
    training = train(world, 240)
    (start, two), (fall, one), (back, again) = training.changes
    assert (two, one, again) == (2, 1, 2)
    assert start < 1 and 60 < fall < 63 and 120 < back < 120 + WAIT[1] + 2
    assert training.steps > max(steps_with(1, world, 240), steps_with(2, world, 240))


@pytest.mark.parametrize("seed", range(10))
def test_noise_alone_changes_nothing(seed: int) -> None:
    training = train(noisy(quiet, seed, jitter=0.3), 60)
    assert [n for _, n in training.changes] == [2]


def test_one_long_step_changes_nothing() -> None:
    """As when the computer sleeps: an hour in one step of many."""
    world: World = lambda n, elapsed, steps: 3600.0 if steps == 200 else QUIET[n]  # noqa: E731
    training = Training(ThreadPolicy((1, 2)))
    for _ in range(1000):
        training.step(world)
    assert [n for _, n in training.changes] == [2]


def test_neighbour_who_comes_and_goes_all_the_time_is_left_alone() -> None:
    """Two threads are tried more and more seldom while they do not last."""
    world: World = lambda n, elapsed, _: (JAMMED if elapsed % 6 > 3 else QUIET)[n]  # noqa: E731
    training = train(world, 300)
    assert training.steps > 0.95 * max(steps_with(1, world, 300), steps_with(2, world, 300))
    attempts = [seconds for seconds, n in training.changes if n == 2]
    assert len(attempts) < 12


def test_measuring_takes_at_most_its_share() -> None:
    """With the neighbour always there, all time lost against one thread is time spent on trying two."""
    world = with_neighbour(0, 1e9, JAMMED)
    first = train(world, 2)
    training = train(world, 1200)
    lost = sum(JAMMED[n] - JAMMED[1] for n in training.used[first.steps :])
    assert 0 < lost < 1.1 * SHARE * 1200


def test_measurements_become_seldom_while_nothing_changes() -> None:
    at = train(with_neighbour(0, 1e9), 400).measured_at
    pauses = [later - earlier for earlier, later in pairwise(at)]
    assert len(pauses) >= 6
    for pause, least in zip(pauses, [5, 10, 20, 40, 60, 60], strict=False):
        assert least <= pause < least + 5  # more where an attempt was expensive


def test_longer_steps_of_another_stage_keep_two_threads() -> None:
    """All numbers of threads become slower alike: that is no neighbour."""
    world: World = lambda n, elapsed, steps: QUIET[n] * (1 if elapsed < 20 else 3)  # noqa: E731
    training = train(world, 120)
    assert [n for _, n in training.changes] == [2]
    assert training.steps > 0.97 * steps_with(2, world, 120)


def test_stage_in_which_one_thread_is_better_gets_one() -> None:
    small = {1: 0.0010, 2: 0.0015}
    world: World = lambda n, elapsed, steps: (QUIET if elapsed < 20 else small)[n]  # noqa: E731
    training = train(world, 120)
    assert [n for _, n in training.changes] == [2, 1]


def test_every_second_step_is_longer() -> None:
    world: World = lambda n, elapsed, steps: QUIET[n] * (4 if steps % 2 else 1)  # noqa: E731
    assert [n for _, n in train(world, 60).changes] == [2]


def test_small_difference_gets_fewer_threads() -> None:
    training = train(lambda n, elapsed, steps: {1: 0.0100, 2: 0.0097}[n], 60)
    assert training.changes == []


@pytest.mark.parametrize("steps", range(1, 6))
def test_runs_of_a_few_steps(steps: int) -> None:
    training = Training(ThreadPolicy((1, 2)))
    for _ in range(steps):
        training.step(quiet)
    assert training.used == [1] * steps, "warm-up and the first block"
    assert training.policy.comparisons == 0


def test_long_steps_are_measured_with_two_each() -> None:
    world: World = lambda n, elapsed, steps: {1: 5.0, 2: 3.0}[n]  # noqa: E731
    training = Training(ThreadPolicy((1, 2)))
    for _ in range(20):
        training.step(world)
    assert training.used[:6] == [1, 1, 1, 1, 2, 2]
    assert set(training.used[6:]) == {2}


CORES = (1, 2, 4, 8, 16)


@pytest.mark.parametrize(
    ("paces", "best", "tried"),
    [
        ({1: 0.080, 2: 0.042, 4: 0.023, 8: 0.016, 16: 0.030}, 8, CORES),
        ({1: 0.080, 2: 0.042, 4: 0.023, 8: 0.060, 16: 0.030}, 4, (1, 2, 4, 8)),  # 8 is much slower: no 16
        ({1: 0.001, 2: 0.002, 4: 0.003, 8: 0.005, 16: 0.009}, 1, (1, 2)),
    ],
)
def test_many_cores(paces: dict[int, float], best: int, tried: tuple[int, ...]) -> None:
    training = train(lambda n, elapsed, steps: paces[n], 3, CORES)
    assert training.policy.chosen == best
    assert tuple(sorted({*training.used})) == tried


def test_nothing_to_choose() -> None:
    training = train(quiet, 30, (2,))
    assert {*training.used} == {2} and training.policy.comparisons == 0


def test_pace_leaves_the_longest_quarter_of_pairs_out() -> None:
    assert pace([1.0, 3.0] * 3 + [1.0, 100.0]) == 2.0
    assert pace([1.0, 3.0]) == 2.0
    assert pace([1.0, 3.0, 100.0]) == 2.0
    assert pace([5.0]) == 5.0
