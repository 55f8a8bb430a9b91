"""Choice of the number of threads from the durations of training steps."""

from __future__ import annotations

import math
from collections.abc import Generator, Sequence
from typing import TypeVar

T = TypeVar("T")
Plan = Generator[int, float, T]
"""Yields the number of threads of the next step and receives the step's duration in seconds."""

WARM_UP = 2  # first steps of a run, which allocate memory
BLOCK = 0.1  # seconds that are timed with one number of threads before the next
ROUNDS = 3  # of blocks in a measurement, at most
LAST_ROUND = 1.5  # seconds of a measurement after which no further round starts
SLOWER = 1.3  # times the best pace: no further block of it, and none of more threads
TOO_SLOW = 3.0  # times the expected duration of a block or window: ended early
WINDOW = 0.25  # seconds of steps between two looks at the pace
FEWEST = 10  # steps between two looks at the pace
NOTICED = 1.25  # times the expected pace of several threads: worth a comparison with one
SAME = 0.05  # relative difference of paces that does not count
BETTER = 0.1  # relative difference for which the number changes
WAIT = (5.0, 60.0)  # seconds of training between two measurements: at first, and at most unless they cost too much
SHARE = 0.02  # of the time, at most spent on measuring


class ThreadPolicy:
    """Chooses the number of threads of each step from the durations of all steps before.

    It measures at the start: blocks of steps with one thread, two, and so on upwards while that is not clearly slower,
    in turns. Then the pace is watched. When several threads become slower than one was, one thread is timed again and
    used if it is faster, as beside a program that keeps the cores busy. From time to time all numbers are measured
    again, more and more seldom while nothing changes, so that measuring costs at most `SHARE` of the time.

    Time is the sum of the durations: what happens between two steps does not count.

    Args:
        options: Numbers of threads to choose from, ascending.

    Attributes:
        threads: Number of threads for the next step.
        chosen: The number that was chosen last; `threads` differs from it during a measurement.
        paces: Seconds per step by number of threads, from the last measurement or comparison.
        comparisons: Number of measurements and comparisons so far.
    """

    def __init__(self, options: Sequence[int]):
        self.options = tuple(options)
        self.chosen = self.options[0]
        self.paces: dict[int, float] = {}
        self.comparisons = 0
        self._elapsed = 0.0
        self._since = 0.0  # of the present choice
        self._wait = WAIT[0] / 2  # doubled when the first measurement chooses the fewest
        self._next = 0.0
        self._plan = self._follow()
        self.threads = next(self._plan)

    def report(self, seconds: float) -> None:
        """Take the duration of the step that used `threads`, and decide on the next one.

        Args:
            seconds: Its duration.
        """
        self._elapsed += seconds
        self.threads = self._plan.send(seconds)

    def _follow(self) -> Plan[None]:
        if len(self.options) == 1:
            while True:
                yield self.chosen
        last = math.inf
        for _ in range(WARM_UP):
            last = yield self.chosen
        self.paces = {self.chosen: last}
        while True:
            yield from self._measure()
            while (slow := (yield from self._watch())) is not None:
                yield from self._compare_with_fewest(slow)

    def _measure(self) -> Plan[None]:
        """Time all numbers of threads in turns, and choose one."""
        began = self._elapsed
        durations: dict[int, list[float]] = {}
        candidates: Sequence[int] = self.options
        steps = 0
        for _ in range(ROUNDS):
            for n in candidates:
                best = min(map(pace, durations.values()), default=min(self.paces.values()))
                block = yield from self._block(n, best)
                steps += len(block)
                durations.setdefault(n, []).extend(block)
                if n != self.options[0] and pace(durations[n]) > SLOWER * best:
                    break
            self.paces = {n: pace(timed) for n, timed in durations.items()}
            best = min(self.paces.values())
            candidates = [n for n, seconds in self.paces.items() if seconds <= SLOWER * best]
            if len(candidates) == 1 or self._elapsed - began > LAST_ROUND:
                break
        chosen = self._best()
        self._settle(chosen, self._elapsed - began - steps * self.paces[chosen])

    def _block(self, n: int, best: float) -> Plan[list[float]]:
        """Time steps with n threads.

        Args:
            n: The number of threads.
            best: The best pace so far. The block ends early when its steps are much slower.

        Returns:
            Their durations: of four steps or more, but two if they are long.
        """
        fewest = 4 if best < BLOCK / 2 else 2
        block: list[float] = []
        while len(block) < fewest or len(block) % 2 or sum(block) < BLOCK:
            block.append((yield n))
            if sum(block) > TOO_SLOW * max(BLOCK, fewest * best):
                break
        return block

    def _best(self) -> int:
        """Return the number to use: the present one unless another is clearly faster, and few rather than many."""
        best = min(self.paces.values())
        if self.comparisons and self.paces.get(self.chosen, math.inf) <= (1 + BETTER) * best:
            return self.chosen
        return min(n for n, seconds in self.paces.items() if seconds <= (1 + SAME) * best)

    def _watch(self) -> Plan[list[float] | None]:
        """Train with the chosen number until a measurement is due, or until several threads are slower than one.

        Returns:
            The slow steps; None when a measurement is due.
        """
        expected = self.paces[self.chosen]
        fewest = self.options[0]
        limit = math.inf
        if self.chosen != fewest:
            limit = max(NOTICED * expected, (1 + BETTER) * self.paces[fewest])
        window: list[float] = []
        while True:
            window.append((yield self.chosen))
            full = len(window) % 2 == 0 and len(window) >= FEWEST and sum(window) >= WINDOW
            slow = len(window) >= 4 and sum(window) > TOO_SLOW * max(WINDOW, FEWEST * expected)
            if not full and not slow:
                continue
            if pace(window) > limit:
                return window
            if self._elapsed >= self._next:
                return None
            window = []

    def _compare_with_fewest(self, slow: list[float]) -> Plan[None]:
        """Time steps with the fewest threads, and use them if they are faster than the slow steps before."""
        fewest = self.options[0]
        block = yield from self._block(fewest, self.paces[fewest])
        self.paces = {fewest: pace(block), self.chosen: pace(slow)}
        chosen = self._best()
        self._settle(chosen, 0.0 if chosen == fewest else sum(block) - len(block) * self.paces[chosen])

    def _settle(self, chosen: int, cost: float) -> None:
        """Use a number from now on, and decide when to measure again.

        Args:
            chosen: The number.
            cost: Seconds that measuring has taken longer than as many steps with this number.
        """
        self.comparisons += 1
        if chosen < self.chosen and self._elapsed - self._since > self._wait:
            self._wait = WAIT[0]  # several threads were faster for long: look soon whether they are again
        elif chosen <= self.chosen:
            self._wait = min(2 * self._wait, WAIT[1])
        if chosen != self.chosen:
            self.chosen = chosen
            self._since = self._elapsed
        self._next = self._elapsed + max(self._wait, cost / SHARE)


def pace(durations: Sequence[float]) -> float:
    """Return the mean duration of steps, taken in pairs, without the longest quarter of the pairs.

    Other programs disturb single steps. Pairs, because every second step of some procedures takes longer.

    Args:
        durations: Durations of consecutive steps.

    Returns:
        Seconds per step.
    """
    pairs = sorted(first + second for first, second in zip(durations[::2], durations[1::2], strict=False))
    if not pairs:
        return durations[0]
    kept = pairs[: max(1, 3 * len(pairs) // 4)]
    return math.fsum(kept) / (2 * len(kept))
