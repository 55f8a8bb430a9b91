"""Text of the measurements of `ganzoo bench`."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ganzoo.benchmark.tuning import Tried, Tuning

KINDS = {
    "products": "matrix products",
    "convolutions": "convolutions",
    "optimizer": "optimizer steps",
    "average": "averages of weights",
}


def throughput(document: dict[str, Any]) -> str:
    """Describe a measurement of throughput."""
    step = document["ms_per_step"]
    where = f"{document['device']} x {document['processes']}, {_threads(document['threads'])}"
    lines = [
        f"{document['recipe']}: {document['images_per_second']:,.0f} images/s on {where}",
        f"step           {step['median']:.2f} ms ({step['low']:.2f} to {step['high']:.2f} in {document['rounds']} "
        f"rounds of {document['steps']})",
    ]
    whole = sum(document["shares_ms"].values())
    for part, spent in document["shares_ms"].items():
        lines.append(f"  {part:<12} {spent:8.2f} ms  {spent / whole:4.0%}")
    lines += [f"peak memory    {document['peak_bytes'] / 2**20:,.0f} MiB", f"not counted    {document['excluded']}"]
    return "\n".join(lines)


def ratios(document: dict[str, Any]) -> str:
    """Describe the comparison of two ways to train."""
    first, second = document["names"]
    labels = {"speed": "images/s", "cpu_speed": "images per CPU second", "memory": "peak memory"}
    lines = [
        f"{document['recipe']}: {first} / {second}, {document['rounds']} alternations, threads {document['threads']}"
    ]
    for name, label in labels.items():
        if name in document["ratios"]:
            ratio = document["ratios"][name]
            lines.append(f"{label:<22} {ratio['median']:.3f} ({ratio['low']:.3f} to {ratio['high']:.3f})")
    return "\n".join(lines)


def roofline(document: dict[str, Any]) -> str:
    """Describe the share of the machine's peaks that a step reaches, and what the rest is spent on."""
    found = document["roofline"]
    work, shortest, step = found["work"], found["shortest_ms"], document["ms_per_step"]["median"]
    amounts = {
        "products": f"{work['product'] / 1e9:.3g} GFLOP",
        "convolutions": f"{work['convolution'] / 1e9:.3g} GFLOP",
        "optimizer": f"{work['updated'] / 1e6:.3g} M parameters",
        "average": f"{work['averaged'] / 1e6:.3g} M weights",
    }
    lines = ["peaks of this machine     product     convolution       copy   optimizer (Adam)"]
    for one in sorted(found["peaks"], key=lambda one: (one["precision"] != "float32", one["threads"])):
        lines.append(
            f"  {one['precision']:<9} {_threads(one['threads']):<10} {one['product'] / 1e9:5.0f} GFLOP/s "
            f"{one['convolution'] / 1e9:5.0f} GFLOP/s {one['copy'] / 1e9:5.1f} GB/s "
            f"{one['optimizer'] / 1e9:5.2f} G parameters/s"
        )
    lines += ["", "a step at these peaks"]
    for kind, ms in shortest.items():
        lines.append(f"  {KINDS[kind]:<22} {amounts[kind]:>18} {ms:8.2f} ms")
    lines += [
        f"  {'together':<22} {'':>18} {sum(shortest.values()):8.2f} ms of {step:.2f} ms: {found['share']:.0%}",
        "",
        "operators of a step            ms   share   calls",
    ]
    for operator in found["operators"]:
        name, ms = operator["name"].removeprefix("aten::"), operator["ms"]
        lines.append(f"  {name[:26]:<26} {ms:6.2f} {ms / step:6.0%} {operator['calls']:8.1f}")
    for name, ms in (("other operators", found["other_operators_ms"]), ("between operators", found["between_ms"])):
        lines.append(f"  {name:<26} {ms:6.2f} {ms / step:6.0%}")
    return "\n".join(lines)


def tuning(words: Sequence[str], found: Tuning) -> str:
    """Describe the settings that were tried, and the command that uses the fastest.

    Args:
        words: The recipe and its overrides, as they were typed.
        found: What was tried and found.

    Returns:
        The text.
    """
    lines = ["the same results up to rounding", *map(_row, found.tried)]
    lines += ["", "other results, not applied", *map(_row, found.others)]
    command = shlex.join(["ganzoo", "run", *words, *found.overrides])
    return "\n".join([*lines, "", "the fastest with the same results:", f"  {command}"])


def _row(tried: Tried) -> str:
    from ganzoo.benchmark.tuning import override

    speed = "" if tried.images_per_second is None else f"{tried.images_per_second:,.0f} images/s"
    ratio = "" if tried.ratio is None else f"{tried.ratio:.2f} x"
    note = ", ".join(filter(None, ("kept" if tried.kept else "", tried.note)))
    return f"  {override(tried.setting, tried.value):<24} {speed:>16} {ratio:>7}  {note}".rstrip()


def _threads(number: int) -> str:
    return "1 thread" if number == 1 else f"{number} threads"
