"""The work of a step is counted exactly, and compared with what the machine reaches at best."""

from __future__ import annotations

import json
from itertools import pairwise
from pathlib import Path

import pytest
import torch

from ganzoo.benchmark import peaks, roofline, throughput
from ganzoo.benchmark.peaks import Peaks
from ganzoo.benchmark.roofline import Work
from helpers.commands import ganzoo
from helpers.support import WGAN_GP, tiny, toml


def forward(*widths: int, n: int = 16) -> int:
    """Return the FLOP of a pass through linear layers of these widths."""
    return sum(2 * n * width * following for width, following in pairwise(widths))


def test_the_work_of_a_step_is_that_of_its_passes() -> None:
    generator, discriminator = (4, 8, 8, 2), (2, 8, 1)  # G: z -> x, D: x -> logit
    d_move = forward(*generator)  # fakes, without gradients
    d_move += 2 * (forward(*discriminator) + forward(*discriminator) + forward(*discriminator[1:]))  # real and fake
    g_move = forward(*generator) + 2 * forward(*discriminator)  # D's weights need no gradients here
    g_move += forward(*generator) + forward(*generator[1:])
    work = roofline.count(throughput.Training(tiny("", "run.ema=0.9"), 4), 4)
    of_generator = 4 * 8 + 8 + 8 * 8 + 8 + 16 + 8 * 2 + 2
    assert work == Work(d_move + g_move, 0, of_generator + 2 * 8 + 8 + 8 + 1, of_generator)


def test_every_optimizer_step_counts() -> None:
    once, thrice = (
        roofline.count(throughput.Training(tiny(WGAN_GP, f"procedure.d_steps={d_steps}"), 2), 2) for d_steps in (1, 3)
    )
    assert thrice.updated - once.updated == 2 * (once.updated - (4 * 8 + 8 + 8 * 8 + 8 + 16 + 8 * 2 + 2))
    assert thrice.product > 1.9 * once.product


def test_the_shortest_time_is_that_at_the_peaks() -> None:
    at = Peaks(1, "float32", product=1e9, convolution=2e9, copy=12e6, optimizer=1e6)
    work = Work(product=5e6, convolution=4e6, updated=3e3, averaged=7e3)
    assert work.shortest(at) == {"products": 5.0, "convolutions": 2.0, "optimizer": 3.0, "average": 7.0}


def test_a_peak_is_the_work_of_one_call_over_its_shortest_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(peaks, "_shortest", lambda call, device: (call(), 2.0)[1])
    measured = peaks.measure(torch.device("cpu"), 1)
    assert measured == Peaks(1, "float32", 1024**3, 32 * 32**2 * 64 * 64 * 9, 4 * 2**24, 2**20)


def test_threads_are_put_back() -> None:
    before = torch.get_num_threads()
    assert peaks.measure(torch.device("cpu"), before + 1).threads == before + 1
    assert torch.get_num_threads() == before


def test_the_command_shows_peaks_work_and_operators(tmp_path: Path) -> None:
    recipe = tmp_path / "small.toml"
    recipe.write_text(toml())
    words = ("bench", str(recipe), "--roofline", "--steps", "4", "--warmup", "0", "--rounds", "1", "--threads", "1")
    shown = ganzoo(*words)
    assert shown.exit_code == 0, shown.output
    for text in ("float32   1 thread", "matrix products", "together", "operators of a step", "between operators"):
        assert text in shown.stdout
    found = json.loads(ganzoo(*words, "--json").stdout)
    roof = found["roofline"]
    assert roof["peaks"][0]["threads"] == 1 and roof["peaks"][0]["precision"] == "float32"
    assert roof["share"] == pytest.approx(sum(roof["shortest_ms"].values()) / found["ms_per_step"]["median"])
    assert "aten::addmm" in {operator["name"] for operator in roof["operators"]}


def test_it_is_no_comparison() -> None:
    refused = ganzoo("bench", "quickstart", "--roofline", "--against", "loop")
    assert refused.exit_code == 2 and "--against and --roofline are different measurements" in refused.stderr
