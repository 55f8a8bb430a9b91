"""Order of checkpoints by a distance of few samples, compared with that by the Fréchet distance of many.

    python benchmarks/few_samples.py RUN ... [--many 10000] [--few 1000] [--metric mind]

For each run, samples of its checkpoints are compared with real ones by the features of the extractor that fits the
data. Two checkpoints count as told apart if the bootstrap intervals (95 %) of their Fréchet distances, of `--many`
samples each, do not overlap. Then the metric, of the first `--few` of the same samples, has to order them alike. Its
least and its largest value for any `--few` in succession show how much that depends on the samples.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from itertools import combinations
from pathlib import Path
from typing import NamedTuple

import torch
from torch import Tensor

import ganzoo
from ganzoo.config import instantiate
from ganzoo.metrics.evaluator import Evaluator
from ganzoo.metrics.metric import Seen
from ganzoo.registry import discovery
from ganzoo.runs import retention
from ganzoo.sampling.run import Run
from ganzoo_builtins.metrics.frechet import Moments, distance_of_moments, moments

SEED = 0  # of the samples, and of the bootstrap
INTERVAL = (0.025, 0.975)


class Row(NamedTuple):
    """A checkpoint.

    Attributes:
        step: Its step.
        low: Lower end of the interval of its Fréchet distance.
        distance: Fréchet distance of many samples.
        high: Upper end of the interval.
        value: The metric, of few samples.
        least: Its least value for any few samples in succession.
        largest: Its largest value.
    """

    step: int
    low: float
    distance: float
    high: float
    value: float
    least: float
    largest: float


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("runs", nargs="+", type=Path, metavar="RUN")
    parser.add_argument("--many", type=int, default=10_000)
    parser.add_argument("--few", type=int, default=1_000)
    parser.add_argument("--metric", default="mind")
    parser.add_argument("--resamples", type=int, default=100)
    options = parser.parse_args()
    torch.set_num_threads(1)
    for folder in options.runs:
        rows = [*measured(Run.open(folder), options)]
        for line in table(folder.name, options.metric, rows):
            print(line, flush=True)


def measured(run: Run, options: argparse.Namespace) -> Iterator[Row]:
    """Yield the distances of every checkpoint of a run."""
    plugins = discovery.load()
    recipe = run.recipe(plugins.zoo)
    data = instantiate.dataset(recipe)
    conditional = ganzoo.load(run).procedure.conditional
    evaluator = Evaluator(recipe, data, plugins.zoo, conditional)
    evaluator.prepare()
    metric = plugins.zoo.find("metric", options.metric).load()()
    real = moments(evaluator.real.features)
    for checkpoint in retention.complete(run.checkpoints):
        y = evaluator.real.y[torch.arange(options.many) % len(evaluator.real)] if conditional else None
        x = run.load(checkpoint).sample(options.many, y, SEED)
        fake = Seen(x.float().cpu(), y, evaluator.extractor.component)
        low, high = interval(real, fake.features, options.resamples)
        values = []
        for start in range(0, options.many - options.few + 1, options.few):
            few = fake.only(slice(start, start + options.few))
            values.append(next(iter(metric(ganzoo.Evidence(evaluator.real, evaluator.held, few, data)).values())))
        distance = distance_of_moments(real, moments(fake.features))
        yield Row(retention.step_of(checkpoint), low, distance, high, values[0], min(values), max(values))


def interval(real: Moments, features: Tensor, resamples: int) -> tuple[float, float]:
    """Return the bootstrap interval of the Fréchet distance of features (N, F).

    Resampled sets have fewer different samples, and with them a larger distance: the interval is that of differences
    from the mean of the resampled distances, around the distance of the features themselves.
    """
    generator = torch.Generator().manual_seed(SEED)
    distances = torch.tensor(
        [
            distance_of_moments(
                real, moments(features[torch.randint(len(features), (len(features),), generator=generator)])
            )
            for _ in range(resamples)
        ],
        dtype=torch.float64,
    )
    low, high = torch.quantile(distances - distances.mean(), torch.tensor(INTERVAL, dtype=torch.float64)).tolist()
    distance = distance_of_moments(real, moments(features))
    return distance + low, distance + high


def table(name: str, metric: str, rows: list[Row]) -> Iterator[str]:
    """Yield a table of the checkpoints in Markdown, and how many pairs are ordered alike."""
    yield f"| {name}: step | Fréchet distance, 95 % | {metric}, of any samples |"
    yield "| ---: | ---: | ---: |"
    for row in rows:
        line = f"| {row.step:,} | {row.distance:.4f} ({row.low:.4f} to {row.high:.4f}) | "
        yield line + f"{row.value:.4f} ({row.least:.4f} to {row.largest:.4f}) |"
    apart, alike = agreement(rows)
    yield f"{alike} of {apart} pairs that are told apart are ordered alike.\n"


def agreement(rows: list[Row]) -> tuple[int, int]:
    """Return how many pairs have intervals that do not overlap, and how many of these the metric orders alike."""
    apart = [(one, other) for one, other in combinations(rows, 2) if one.high < other.low or other.high < one.low]
    alike = [pair for pair in apart if (pair[0].distance < pair[1].distance) == (pair[0].value < pair[1].value)]
    return len(apart), len(alike)


if __name__ == "__main__":
    main()
