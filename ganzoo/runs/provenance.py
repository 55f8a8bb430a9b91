"""What a run was made with: enough to make it again, and nothing secret."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
from importlib import metadata
from pathlib import Path
from typing import Any

import torch

from ganzoo.registry.discovery import Plugins

PACKAGES = ("ganzoo-torch", "torch", "torchvision", "accelerate", "safetensors", "numpy", "pillow")
VARIABLES = ("CUDA_VISIBLE_DEVICES", "OMP_NUM_THREADS", "OMP_WAIT_POLICY", "SLURM_JOB_ID", "WORLD_SIZE")


def gather(plugins: Plugins, device: torch.device, fingerprint: str) -> dict[str, Any]:
    """argv, versions, plugins, platform, device, threads, the data's fingerprint and the state of the git checkout."""
    return {
        "argv": sys.argv,
        "versions": versions(),
        "plugins": [f"{row.name} {row.version}".strip() for row in plugins.rows if row.status == "ok"],
        "python": platform.python_version(),
        "platform": platform.platform(),
        "device": torch.cuda.get_device_name(device) if device.type == "cuda" else device.type,
        "threads": torch.get_num_threads(),
        "variables": {name: os.environ[name] for name in VARIABLES if name in os.environ},
        "dataset_fingerprint": fingerprint,
        "git": _git(),
    }


def versions() -> dict[str, str]:
    return {name: _version(name) for name in PACKAGES}


def _version(name: str) -> str:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return ""


def _git() -> dict[str, Any]:
    """Commit of the working folder, and whether files differ from it; empty outside a checkout."""
    try:
        commit = subprocess.run(["git", "rev-parse", "HEAD"], cwd=Path.cwd(), capture_output=True, text=True, timeout=5)
        if commit.returncode != 0:
            return {}
        changed = subprocess.run(["git", "status", "--porcelain"], capture_output=True, text=True, timeout=5)
    except (OSError, subprocess.TimeoutExpired):
        return {}
    return {"commit": commit.stdout.strip(), "dirty": bool(changed.stdout.strip())}
