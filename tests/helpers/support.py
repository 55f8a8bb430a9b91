"""Shared helpers of tests: a recipe that trains quickly, noise to train on, the hash of a run's weights."""

from __future__ import annotations

import hashlib
import json
import os
import time
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from accelerate import Accelerator
from accelerate.state import AcceleratorState
from torch import Tensor, nn

from ganzoo.config import instantiate, resolver
from ganzoo.config.recipe import Recipe
from ganzoo.data.loader import Batches, normalised
from ganzoo.interfaces import Spec
from ganzoo.registry import discovery
from ganzoo.regularizer import Comparison
from ganzoo.runs import checkpoint
from ganzoo.sampling.run import Run
from ganzoo.training import loop, optim
from ganzoo.training.engine import Engine

TINY: dict[str, Any] = {
    "run": {"steps": 12, "batch_size": 16, "log": 4, "sample": 6, "save": 5},
    "dataset": {"use": "ring", "n": 200},
    "procedure": {"use": "adversarial"},
    "generator": {"use": "mlp", "z_dim": 4, "hidden": [8, 8]},
    "discriminator": {"use": "mlp", "hidden": [8]},
    "loss": {"use": "non_saturating"},
    "optimizer": {"use": "adam", "lr": 1e-3},
}
CONDITIONAL = """
[dataset]
use = "glyphs"
n = 200
characters = "ABC"
[generator]
use = "cgan"
z_dim = 4
hidden = [8, 8]
[discriminator]
use = "cgan"
hidden = [8]
"""
WGAN_GP = """
[procedure]
use = "adversarial"
d_steps = 3
[loss]
use = "wasserstein"
[[regularizer]]
use = "gradient_penalty"
"""
TRANSLATING = """
[dataset]
use = "digits"
[procedure]
use = "translation"
[transform]
use = "downscale"
factor = 2
[generator]
use = "srgan"
width = 4
blocks = 1
[discriminator]
use = "pix2pix"
width = 2
layers = 1
"""
UNPAIRED = """
[dataset]
use = "digits"
[dataset_a]
use = "glyphs"
n = 60
size = 8
characters = "012"
[procedure]
use = "cyclegan"
pool = 3
[generator]
use = "cyclegan"
width = 2
blocks = 1
[discriminator]
use = "cyclegan"
width = 2
layers = 1
[loss]
use = "least_squares"
"""

PLUGINS = discovery.load()


def tiny(text: str = "", *assignments: str, plugins: discovery.Plugins = PLUGINS) -> Recipe:
    """Resolve TINY, a GAN of a few hundred weights on points, with the tables in `text` instead of its own."""
    tree = {**{table: dict(settings) for table, settings in TINY.items()}, **tomllib.loads(text)}
    resolver.override(tree, assignments, plugins.zoo)
    return resolver.resolve(tree, plugins.zoo, "tiny.toml", name="tiny")


def train(recipe: Recipe, out: Path, resume: Run | None = None, plugins: discovery.Plugins = PLUGINS) -> Run:
    return loop.train(recipe, plugins, out, resume)


def accelerator(precision: str = "no") -> Accelerator:
    AcceleratorState._reset_state()
    return Accelerator(mixed_precision=precision, cpu=True)


def weights_hash(run: Run) -> str:
    """Return the SHA-256 of all weights and buffers of the newest checkpoint."""
    digest = hashlib.sha256()
    for name, tensor in sorted(checkpoint.read(run.latest).tensors["model"].items()):
        digest.update(name.encode() + tensor.contiguous().numpy().tobytes())
    return digest.hexdigest()


def environment(**more: str) -> dict[str, str]:
    """Return the environment of a ganzoo process started by a test: one thread, for reproducible results and times."""
    return {**os.environ, "OMP_NUM_THREADS": "1", **more}


def toml() -> str:
    """Return TINY as the text of a recipe file."""
    lines = ["# A GAN on points that trains quickly."]
    for table, settings in TINY.items():
        lines += [f"[{table}]", *(f"{key} = {json.dumps(value)}" for key, value in settings.items())]
    return "\n".join(lines) + "\n"


def save_noise(path: Path, spec: Spec, n: int) -> Path:
    """Save n random samples of a spec for the dataset `npz`: images of bytes, token ids, or points."""
    random = np.random.default_rng(0)
    if spec.is_image:
        x = random.integers(0, 256, (n, *spec.shape), dtype=np.uint8)
    elif spec.vocab:
        x = random.integers(0, spec.vocab, (n, *spec.shape))
        x[0, 0] = spec.vocab - 1  # the vocabulary is inferred from the largest id
    else:
        x = random.standard_normal((n, *spec.shape), dtype=np.float32)
    np.savez(path, **({"x": x, "y": np.arange(n) % spec.classes} if spec.classes else {"x": x}))
    return path


def trained_on_digits(recipe: Recipe, steps: int) -> tuple[Any, Tensor]:
    """Train on scikit-learn's digits; return the procedure in evaluation mode, and 300 held-out digits."""
    dataset = instantiate.dataset(recipe)
    procedure = instantiate.procedure(recipe, dataset.spec)
    batches = Batches.of(dataset, recipe.run.batch_size, recipe.run.seed, torch.device("cpu"))
    assert batches.whole is not None
    held = batches.whole["x"][:300].clone()
    batches.whole["x"] = torch.cat(
        [batches.whole["x"][300:600], batches.whole["x"][300:]]
    )  # replaced, so that they are held out
    engine = Engine(procedure, optim.optimizer_factory(recipe.optimizer), accelerator())
    torch.manual_seed(recipe.run.seed)
    for t in range(steps):
        engine.step(batches, t)
    return procedure.eval(), normalised({"x": held})["x"]


def compared(critic: Callable[[Tensor], Tensor], real: Tensor, fake: Tensor) -> Comparison:
    """Return what a regularizer is handed; the critic, a function, stands for its features as well."""
    return Comparison(real, fake, critic, critic, nn.Identity(), nn.Identity())


def until(condition: Callable[[], Any], seconds: float = 300) -> None:
    """Wait until a condition holds; fail if it does not in time."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.05)
