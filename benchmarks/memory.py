"""Memory leak test: the size of the process while a small GAN trains for 20,000 steps.

    python benchmarks/memory.py [--steps 20000] [--json]

Prints the size after each twentieth of the steps, and the growth from the first of these sizes to the last.
"""

from __future__ import annotations

import argparse
import json
import os
from pathlib import Path

import torch

from ganzoo.benchmark import throughput
from ganzoo.config import locate, resolver
from ganzoo.registry import discovery

SMALL = (
    *("run.batch_size=16", "dataset.use=ring", "dataset.n=2000"),
    *("generator.hidden=[32, 32]", "generator.z_dim=4", "discriminator.hidden=[32]"),
)


def size() -> float:
    """Return the resident memory of this process in MiB; Linux only."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 2**20


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--steps", type=int, default=20_000)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    torch.set_num_threads(1)
    plugins = discovery.load()
    recipe, _ = resolver.read(locate.find("gan_mnist_printed", plugins), SMALL, plugins.zoo)
    training = throughput.Training(recipe, options.steps)
    sizes = []
    for t in range(1, options.steps + 1):
        training.step()
        if t % max(1, options.steps // 20) == 0:
            sizes.append(size())
            if not options.json:
                print(f"step {t:6,}: {sizes[-1]:8.1f} MiB", flush=True)
    growth = sizes[-1] - sizes[0]
    print(json.dumps({"sizes_mib": sizes, "growth_mib": growth}) if options.json else f"grown by {growth:.1f} MiB")


if __name__ == "__main__":
    main()
