"""Averages of weights whose window is a share of the run, Karras et al. 2024 (arXiv:2312.02696), section 3.

After t updates, the weights of update s count in proportion to s^gamma. The width of such a profile is told by its
standard deviation as a share of t, `sigma`: 0.1 averages over about the last tenth, whatever the length of the run.
Sums of saved averages approximate the average of any other width and time.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy

WIDEST = 0.28  # sigma of a plain mean is 1 / sqrt(12) = 0.289


@functools.cache
def exponent(sigma: float) -> float:
    """Return gamma of a profile: the largest real root of g^3 + 7 g^2 + (16 - s^-2) g + 12 - s^-2.

    Args:
        sigma: Standard deviation of the profile as a share of the time, above 0 and up to 0.28.

    Returns:
        The exponent: 16.97 for 0.05, 6.94 for 0.1.
    """
    c = sigma**-2
    g = 1 / sigma  # above the root, where the polynomial is convex: Newton's steps fall to the root
    for _ in range(100):
        step = (g**3 + 7 * g**2 + (16 - c) * g + 12 - c) / (3 * g**2 + 14 * g + 16 - c)
        g -= step
        if abs(step) < 1e-13 * max(1.0, g):
            break
    return g


def decay(sigma: float, updates: int) -> float:
    """Return the weight of the old average in an update.

    Args:
        sigma: Width of the profile.
        updates: Number of earlier updates.

    Returns:
        (1 - 1 / t)^(gamma + 1) of update t, from 1; 0 at first.
    """
    return float((1 - 1 / (updates + 1)) ** (exponent(sigma) + 1))


def combination(times: Sequence[int], sigmas: Sequence[float], time: int, sigma: float) -> list[float]:
    """Return the factors by which saved averages are summed to approximate another one.

    The squared distance of the profiles is smallest under these factors; they are scaled to the sum 1.

    Args:
        times: Number of updates of each saved average, up to `time`.
        sigmas: Width of each.
        time: Number of updates of the average to approximate.
        sigma: Its width.

    Returns:
        A factor for each saved average.
    """
    import numpy as np  # which listing components does without

    saved_times = np.array(times, dtype=np.float64)
    saved = np.array([exponent(each) for each in sigmas])
    aim_time, aim = np.array([time], dtype=np.float64), np.array([exponent(sigma)])
    products = _inner(saved_times[:, None], saved[:, None], saved_times[None], saved[None])  # (S, S)
    target = _inner(saved_times[:, None], saved[:, None], aim_time[None], aim[None])[:, 0]  # (S,)
    factors = np.linalg.lstsq(products, target, rcond=None)[0]
    return [float(factor) for factor in factors / factors.sum()]


def _inner(t_a: numpy.ndarray, gamma_a: numpy.ndarray, t_b: numpy.ndarray, gamma_b: numpy.ndarray) -> numpy.ndarray:
    """Return the inner products of profiles."""
    import numpy as np

    ratio = (t_a / t_b) ** np.where(t_a < t_b, gamma_b, -gamma_a)
    return np.asarray((gamma_a + 1) * (gamma_b + 1) * ratio / ((gamma_a + gamma_b + 1) * np.maximum(t_a, t_b)))
