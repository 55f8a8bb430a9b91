"""Judge of translation between two sets: is the class kept, and does the output look like the other set?

Two referees, trained on real samples of both sets. The first reads classes, whatever the style; an input keeps its
class if its translation is read as the class of the same name. The second tells inputs from samples, whatever the
class; a translation has changed its style if it is read as a sample.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

import ganzoo
from ganzoo import Batch, Dataset, Spec
from ganzoo.config import instantiate
from ganzoo.data import subset
from ganzoo.data.loader import normalised
from ganzoo.registry import discovery
from judges.classes import trained

INPUTS, EACH = 1000, 10_000


class Labelled(Dataset):
    """Samples with labels.

    Args:
        x: Images (N, C, H, W) in [-1, 1].
        y: Labels (N,).
        class_names: Names of the classes.
    """

    def __init__(self, x: Tensor, y: Tensor, class_names: Sequence[str]):
        self.spec = Spec(tuple(x.shape[1:]), classes=len(class_names))
        self.class_names = class_names
        self.x = ((x + 1) * 127.5).round().to(torch.uint8)
        self.y = y

    def __len__(self) -> int:
        return len(self.y)

    def __getitem__(self, i: int) -> Batch:
        return {"x": self.x[i], "y": self.y[i]}

    def tensors(self) -> Batch:
        """Return all samples."""
        return {"x": self.x, "y": self.y}


def judge(run: ganzoo.Run) -> str:
    """Report the shares of 1,000 held-out inputs whose class is kept and whose style is changed, in percent."""
    plugins = discovery.load()
    model = ganzoo.load(run, plugins)
    sides = instantiate.dataset(run.recipe(plugins.zoo)).sides()
    a, b = sides["a"], sides["b"]
    names = torch.tensor([b.class_names.index(name) for name in a.class_names])  # of inputs, as labels of samples
    parts = [subset.take_random(side, min(EACH, len(side)), seed=0) for side in (a, b)]
    x, sizes = torch.cat([part["x"] for part in parts]), torch.tensor([len(part["x"]) for part in parts])
    of_class = Labelled(x, torch.cat([names[parts[0]["y"]], parts[1]["y"]]), b.class_names)
    of_style = Labelled(x, torch.arange(2).repeat_interleave(sizes), ("input", "sample"))
    classes, styles = (trained(data, networks=("strided",)) for data in (of_class, of_style))
    batch = subset.take_random(a.held_out() or a, INPUTS, seed=0)
    y = names[batch["y"]]
    outputs = model.translate(batch["x"], seed=0)

    def kept(x: Tensor) -> float:
        return percent(classes.logits(x).argmax(1) == y)

    def changed(x: Tensor) -> float:
        return percent(styles.logits(x).argmax(1) == 1)

    real = normalised(subset.take_random(b.held_out() or b, INPUTS, seed=0))["x"]
    return (
        f"class kept {kept(outputs):.1f} %, style changed {changed(outputs):.1f} % ({INPUTS:,} new inputs; "
        f"untranslated ones {kept(batch['x']):.1f} and {changed(batch['x']):.1f} %; real samples read as samples "
        f"{changed(real):.1f} %; class referee {100 * classes.accuracies[0]:.1f} % on real ones)"
    )


def percent(right: Tensor) -> float:
    """Return the share of True in percent."""
    return 100 * right.double().mean().item()
