"""The augmentations of StyleGAN2-ADA, Karras et al. 2020 (arXiv:2006.06676), each with a probability p."""

import math
from collections.abc import Sequence
from typing import Annotated, Literal

import torch
from pydantic import Field
from torch import Tensor

from ganzoo import Augmentation, IncompatibleError, Schedulable, Spec
from ganzoo_builtins.augmentations import operations

Word = Literal[
    "mirror",
    "quarter_turn",
    "integer_shift",
    "scale",
    "rotation",
    "stretch",
    "fractional_shift",
    "brightness",
    "contrast",
    "luma_flip",
    "hue",
    "saturation",
    "noise",
    "cutout",
]
BGC: tuple[Word, ...] = (
    "mirror",
    "quarter_turn",
    "integer_shift",
    "scale",
    "rotation",
    "stretch",
    "fractional_shift",
    "brightness",
    "contrast",
    "luma_flip",
    "hue",
    "saturation",
)
GEOMETRY = BGC[:7]
Probability = Annotated[float, Field(ge=0, le=1)]


class StochasticAugment(Augmentation):
    """Geometry and colour, each operation on each image with probability p, in the order of the paper.

    The default is the paper's "bgc", made of pixel blitting ("mirror", "quarter_turn", "integer_shift"), geometry
    ("scale", "rotation", "stretch", "fractional_shift") and colour ("brightness", "contrast", "luma_flip", "hue",
    "saturation"). "noise" and "cutout" are its further groups; frequency bands are left out. Below a p of about 0.8 no
    operation leaks into samples, since an unchanged image stays the most frequent one.

    All geometry is one affine map, with one bilinear lookup, where the paper's code filters images at twice the
    resolution. Images are mirrored at their borders. Leave out "mirror", "quarter_turn" and "rotation" for letters,
    digits and anything else with a right way round. Of the operations, points take "noise" alone.

    Args:
        policy: The operations.
        p: Probability of each operation; R3GAN (arXiv:2501.05441) ends at 0.3 to 0.55.
    """

    def __init__(self, policy: Sequence[Word] = BGC, p: Schedulable[Probability] = 0.5):
        super().__init__()
        self.policy = list(policy)
        self.p = p

    def check(self, spec: Spec) -> None:
        if spec.vocab:
            raise IncompatibleError("this augmentation changes numbers, and samples are token ids: leave it out.")
        if not spec.is_image and set(self.policy) != {"noise"}:
            raise IncompatibleError(
                f"augmentation {type(self).__name__} changes images, and a sample has the shape {spec.shape}: set "
                'policy = ["noise"], or use instance_noise.'
            )

    def probability(self) -> Tensor | float:
        """Return the present probability of each operation."""
        return self.p

    def forward(self, x: Tensor) -> Tensor:
        if any(word in self.policy for word in GEOMETRY):
            x = operations.warp(x, self._geometry(x))
        for word, change in (
            ("brightness", lambda x: operations.brightness(x, 0.2 * _normal(x))),
            ("contrast", lambda x: operations.multiply(x, 2 ** (0.5 * _normal(x)))),
            ("luma_flip", lambda x: operations.luma_flip(x, _coin(x))),
            ("hue", lambda x: operations.hue(x, _uniform(x, -math.pi, math.pi))),
            ("saturation", lambda x: operations.saturation(x, 2 ** _normal(x))),
            ("noise", _noise),
            ("cutout", _cutout),
        ):
            if word in self.policy:
                x = torch.where(self._happens(x).view(-1, *[1] * (x.dim() - 1)), change(x), x)
        return x

    def _happens(self, x: Tensor, p: Tensor | float | None = None) -> Tensor:
        """Draw for each sample whether an operation is applied to it, bool (N,)."""
        return torch.rand(len(x), device=x.device) < (self.probability() if p is None else p)

    def _or(self, x: Tensor, neutral: float, drawn: Tensor, p: Tensor | float | None = None) -> Tensor:
        """Return drawn values (N,), or the one that changes nothing for samples that the operation spares."""
        return torch.where(self._happens(x, p), drawn, neutral)

    def _geometry(self, x: Tensor) -> Tensor:
        """Return (N, 3, 3): where each pixel comes from, by the inverse of each operation in turn."""
        source = torch.eye(3, dtype=x.dtype, device=x.device).expand(len(x), 3, 3)
        steps = {
            "mirror": self._mirror,
            "quarter_turn": self._quarter_turn,
            "integer_shift": self._integer_shift,
            "scale": self._scale,
            "rotation": self._rotation,
            "stretch": self._stretch,
            "rotation_again": self._rotation,  # after the stretch, which is then along any axis
            "fractional_shift": self._fractional_shift,
        }
        for word, step in steps.items():
            if word.removesuffix("_again") in self.policy:
                source = source @ step(x)
        return source

    def _mirror(self, x: Tensor) -> Tensor:
        return _scaling(1 - 2 * (self._happens(x) & _coin(x)).to(x.dtype), 1.0)

    def _quarter_turn(self, x: Tensor) -> Tensor:
        turns = torch.randint(4, (len(x),), device=x.device).to(x.dtype)
        return _rotation(self._or(x, 0, turns * (math.pi / 2)))

    def _integer_shift(self, x: Tensor) -> Tensor:
        happens = self._happens(x)
        right, down = (_uniform(x, -0.125, 0.125) * side for side in (x.shape[3], x.shape[2]))
        return _translation(*(torch.where(happens, pixels.round(), 0.0) for pixels in (right, down)))

    def _scale(self, x: Tensor) -> Tensor:
        scale = self._or(x, 1, 2 ** (0.2 * _normal(x)))
        return _scaling(scale, scale)

    def _rotation(self, x: Tensor) -> Tensor:
        half = 1 - (1 - torch.as_tensor(self.probability())) ** 0.5  # so that one or both happen with probability p
        return _rotation(self._or(x, 0, _uniform(x, -math.pi, math.pi), half.to(x.device)))

    def _stretch(self, x: Tensor) -> Tensor:
        scale = self._or(x, 1, 2 ** (0.2 * _normal(x)))
        return _scaling(scale, 1 / scale)

    def _fractional_shift(self, x: Tensor) -> Tensor:
        happens = self._happens(x)
        right, down = (0.125 * side * _normal(x) for side in (x.shape[3], x.shape[2]))
        return _translation(*(torch.where(happens, pixels, 0.0) for pixels in (right, down)))


def _noise(x: Tensor) -> Tensor:
    std = 0.1 * _normal(x).abs()
    return x + std.view(-1, *[1] * (x.dim() - 1)) * torch.randn_like(x)


def _cutout(x: Tensor) -> Tensor:
    height, width = (side // 2 for side in x.shape[2:])
    row, column = ((_uniform(x, 0, 1) * side).long() for side in x.shape[2:])
    return operations.cut_out(x, row, column, height, width, 0.0)


def _normal(x: Tensor) -> Tensor:
    return torch.randn(len(x), dtype=x.dtype, device=x.device)


def _uniform(x: Tensor, low: float, high: float) -> Tensor:
    return low + (high - low) * torch.rand(len(x), dtype=x.dtype, device=x.device)


def _coin(x: Tensor) -> Tensor:
    return torch.rand(len(x), device=x.device) < 0.5


def _matrix(*rows: tuple[Tensor | float, ...]) -> Tensor:
    """Return matrices (N, 3, 3) of two rows of numbers and tensors (N,)."""
    like = next(item for row in rows for item in row if isinstance(item, Tensor))
    items = [
        item if isinstance(item, Tensor) else torch.full_like(like, item) for row in (*rows, (0, 0, 1)) for item in row
    ]
    return torch.stack(items, 1).view(-1, 3, 3)


def _scaling(width: Tensor, height: Tensor | float) -> Tensor:
    return _matrix((1 / width, 0.0, 0.0), (0.0, 1 / height, 0.0))


def _rotation(angle: Tensor) -> Tensor:
    cosine, sine = angle.cos(), angle.sin()
    return _matrix((cosine, sine, 0.0), (-sine, cosine, 0.0))


def _translation(right: Tensor, down: Tensor) -> Tensor:
    return _matrix((1.0 + 0 * right, 0.0, -right), (0.0, 1.0, -down))
