"""The pull-away term of EBGAN-PT, Zhao, Mathieu and LeCun 2017 (arXiv:1609.03126), section 2.4."""

from pydantic import NonNegativeFloat, PositiveInt
from torch import Tensor
from torch.nn.functional import normalize

from ganzoo import Comparison, Regularizer, Schedulable, Terms


class PullAway(Regularizer):
    """Term weight * mean over pairs of fakes of cos^2(S_i, S_j) for the generator.

    S are the discriminator's features, for an auto-encoder its code. The term pushes fakes with similar codes apart, so
    that the generator does not repeat one sample.

    Args:
        weight: Weight of the term; 0.1 in the paper.
        every: Steps from one computation of the term to the next; it is multiplied by as many.
    """

    def __init__(self, weight: Schedulable[NonNegativeFloat] = 0.1, every: PositiveInt = 1):
        self.weight = weight
        self.every = every

    def generator_terms(self, comparison: Comparison) -> Terms:
        return {"pull_away": self.weight * pull_away(comparison.features(comparison.fake))}


def pull_away(codes: Tensor) -> Tensor:
    """Return the mean squared cosine of all N (N - 1) ordered pairs of codes (N, width), in float32; 0 for one code."""
    n = len(codes)
    directions = normalize(codes.float(), dim=1)
    cosines = directions @ directions.T  # (N, N), with ones on the diagonal
    return (cosines.square().sum() - cosines.diagonal().square().sum()) / max(1, n * (n - 1))
