"""Figure 1 of Goodfellow et al. 2014 (arXiv:1406.2661) for samples of one number: both densities and the discriminator.

During training, the generated density should approach that of the data, and the discriminator its optimum,
p_data / (p_data + p_g), which is 1/2 everywhere in the end. That is the optimum under the losses of that paper; a
critic whose logits are read as values has another.
"""

from collections.abc import Mapping

import torch
from PIL import Image, ImageDraw, ImageFont
from torch import Tensor

from ganzoo import Batch, Critic, TwoPlayerProcedure

WIDTH, HEIGHT, MARGIN = 640, 400, 44
POINTS = 300  # of each curve
BANDWIDTH = 1 / 80  # of the Gaussian kernel, relative to the range drawn
STYLES = {  # colour, and the length of a dash in points: 0 for a solid line
    "data": ("#000000", 2),
    "generated": ("#2ca02c", 0),
    "discriminator": ("#1f77b4", 6),
    "best discriminator": ("#d62728", 3),
}


def panels(procedure: TwoPlayerProcedure, batch: Batch) -> Mapping[str, Image.Image]:
    """Return the picture "densities" where samples are one number each and have no labels."""
    if procedure.spec.shape != (1,) or procedure.conditional:
        return {}
    fake = procedure.sample(len(batch["x"]))  # (N, 1)
    return {"densities": draw(batch["x"], fake, procedure.D)} if fake.isfinite().all() else {}


def draw(real: Tensor, fake: Tensor, judge: Critic) -> Image.Image:
    """Draw the densities of samples (N, 1) and (M, 1), scaled together to a maximum of 1, and the discriminator."""
    low, high = _range(torch.cat([real, fake]))
    x = torch.linspace(low, high, POINTS, device=real.device)  # (POINTS,)
    data, generated = (density(samples[:, 0], x) for samples in (real, fake))
    top = max(data.max().item(), generated.max().item())
    curves = {
        "data": data / top,
        "generated": generated / top,
        "discriminator": judge(x[:, None]).float().sigmoid(),
        "best discriminator": best(data, generated),
    }

    image = Image.new("RGB", (WIDTH, HEIGHT), "white")
    pen, font = ImageDraw.Draw(image), ImageFont.load_default(13)

    def place(i: float, value: float) -> tuple[float, float]:
        return MARGIN + i / (POINTS - 1) * (WIDTH - 2 * MARGIN), HEIGHT - MARGIN - value * (HEIGHT - 2 * MARGIN)

    for value in (0.0, 0.5, 1.0):
        pen.line([place(0, value), place(POINTS - 1, value)], fill="#dddddd")
        pen.text((8, place(0, value)[1] - 8), f"{value:g}", fill="black", font=font)
    for k in range(5):
        across, below = place((POINTS - 1) * k / 4, 0)
        pen.text((across - 12, below + 8), f"{low + (high - low) * k / 4:.1f}", fill="black", font=font)
    for k, (name, curve) in enumerate(curves.items()):
        colour, dash = STYLES[name]
        pen.text((MARGIN + 140 * k, 10), name, fill=colour, font=font)
        values = curve.tolist()
        for i in range(POINTS - 1):
            drawn = values[i] == values[i] and values[i + 1] == values[i + 1]  # NaN: the optimum has gaps
            if drawn and (dash == 0 or i // dash % 2 == 0):
                pen.line([place(i, values[i]), place(i + 1, values[i + 1])], fill=colour, width=2)
    return image


def density(samples: Tensor, x: Tensor) -> Tensor:
    """Estimate the density of samples (N,) at evenly spaced points x (POINTS,) by a Gaussian kernel."""
    width = BANDWIDTH * (x[-1] - x[0])
    distance = (x[:, None] - samples[None]) / width  # (POINTS, N)
    return (-distance.square() / 2).exp().mean(1) / (width * (2 * torch.pi) ** 0.5)


def best(data: Tensor, generated: Tensor) -> Tensor:
    """Return p_data / (p_data + p_g), or NaN where there are hardly any samples of either."""
    total = data + generated
    return torch.where(total > 0.01 * total.max(), data / total, torch.nan)


def _range(samples: Tensor) -> tuple[float, float]:
    """Return the range of the samples with a margin."""
    low, high = samples.min().item(), samples.max().item()
    margin = max(0.05 * (high - low), 1e-3)
    return low - margin, high + margin
