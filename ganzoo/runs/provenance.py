"""Provenance of a run: everything needed to repeat it, and nothing secret."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any

import torch

from ganzoo.registry.discovery import Plugins
from ganzoo.registry.versions import installed_version

PACKAGES = ("ganzoo-torch", "torch", "torchvision", "accelerate", "safetensors", "numpy", "pillow")
VARIABLES = ("CUDA_VISIBLE_DEVICES", "OMP_NUM_THREADS", "OMP_WAIT_POLICY", "SLURM_JOB_ID", "WORLD_SIZE")


def gather(plugins: Plugins, device: torch.device, threads: int | str, fingerprint: str) -> dict[str, Any]:
    """Return the content of provenance.json.

    Args:
        plugins: The plugins that are loaded.
        device: The device that trains.
        threads: Number of CPU threads, or how it is chosen.
        fingerprint: SHA-256 of the data, by Dataset.fingerprint().

    Returns:
        Command line, versions, plugins, platform, device, threads, environment variables, the data's fingerprint and
        the state of the git checkout.
    """
    return {
        "argv": sys.argv,
        "versions": versions(),
        "plugins": [f"{row.name} {row.version}".strip() for row in plugins.rows if row.status == "ok"],
        "python": platform.python_version(),
        "platform": platform.platform(),
        "device": torch.cuda.get_device_name(device) if device.type == "cuda" else device.type,
        "threads": threads,
        "variables": {name: os.environ[name] for name in VARIABLES if name in os.environ},
        "dataset_fingerprint": fingerprint,
        "git": _git(),
    }


def versions() -> dict[str, str]:
    """Return the versions of the packages that numbers depend on; empty for one that is not installed."""
    return {name: _version(name) for name in PACKAGES}


@cache
def _version(package: str) -> str:
    """Return the version of a package, read once: a process goes on with what it has imported."""
    return installed_version(package)


def _git() -> dict[str, Any]:
    """Return the commit of the working folder, and True as "dirty" when files differ from it; {} outside a checkout."""
    try:
        commit = subprocess.run(["git", "rev-parse", "HEAD"], cwd=Path.cwd(), capture_output=True, text=True, timeout=5)
        if commit.returncode != 0:
            return {}
        changed = subprocess.run(["git", "status", "--porcelain"], capture_output=True, text=True, timeout=5)
    except (OSError, subprocess.TimeoutExpired):
        return {}
    return {"commit": commit.stdout.strip(), "dirty": bool(changed.stdout.strip())}
