"""The measured step is that of a run, and the measurements of a comparison alternate."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest
import torch

from ganzoo.benchmark import compare, profile, throughput
from ganzoo.errors import GanzooError, SetupError
from ganzoo.runs import checkpoint
from helpers.support import tiny, train

SCHEDULED = '[schedule]\nuse = "linear"'


def test_it_trains_what_a_run_trains(tmp_path: Path) -> None:
    recipe = tiny(SCHEDULED, "run.steps=7", "run.ema=0.9", "run.clip=0.5", "run.log=2")
    training = throughput.Training(recipe, 7)
    for _ in range(7):
        training.step()
    session = training.session
    saved = checkpoint.read(train(recipe, tmp_path).latest).tensors
    for name, tensor in session.procedure.state_dict().items():
        assert torch.equal(tensor, saved["model"][name]), name
    assert session.ema.average
    for name, tensor in session.ema.average.items():
        assert torch.equal(tensor, saved["ema"][name]), name


def test_what_is_told() -> None:
    told = throughput.measure(tiny("", "run.batch_size=8", "procedure.d_steps=3"), steps=4, warmup=1, rounds=3)
    assert told["images"] == 4 * 3 * 8
    assert told["images_per_second"] == pytest.approx(told["images"] / told["seconds"])
    step = told["ms_per_step"]
    assert 0 < step["low"] <= step["median"] <= step["high"]
    assert step["median"] == pytest.approx(1000 * told["seconds"] / 4)
    assert told["parameters"] == 4 * 8 + 8 + 8 * 8 + 8 + 16 + 8 * 2 + 2 + 2 * 8 + 8 + 8 + 1
    assert told["peak_bytes"] > 2**20


def test_the_parts_of_a_step_add_up_to_it() -> None:
    training = throughput.Training(tiny("", "run.ema=0.9"), 20)
    training.step()
    start = profile.now(torch.device("cpu"))
    parts = profile.measure(training, 10)
    whole = 1000 * (profile.now(torch.device("cpu")) - start) / 10
    assert list(parts) == list(profile.PARTS)
    assert all(spent > 0 for spent in parts.values())
    assert 0.5 * whole < sum(parts.values()) <= whole
    training.step()  # everything is as it was
    assert "step" not in vars(training.session.procedure)


def script(path: Path, **measured: Any) -> list[str]:
    line = {"seconds": 2.0, "images": 100, "peak_bytes": 10, **measured}
    path.write_text(f"import json\nopen('{path.parent}/order', 'a').write('{path.stem} ')\nprint(json.dumps({line}))\n")
    return [sys.executable, str(path)]


def test_turns_alternate_and_so_does_who_begins(tmp_path: Path) -> None:
    one, other = script(tmp_path / "a.py", seconds=1.0, peak_bytes=30), script(tmp_path / "b.py")
    told = compare.run(one, other, 3, 1)
    assert (tmp_path / "order").read_text().split() == ["a", "b", "b", "a", "a", "b"]
    assert told["ratios"]["speed"] == {"median": 2.0, "low": 2.0, "high": 2.0, "each": [2.0, 2.0, 2.0]}
    assert told["ratios"]["memory"]["median"] == 3.0
    assert "cpu_speed" not in told["ratios"]


def test_other_networks_are_not_compared(tmp_path: Path) -> None:
    one, other = script(tmp_path / "a.py", parameters=5), script(tmp_path / "b.py", parameters=6)
    with pytest.raises(GanzooError, match="5 parameters and the reference 6"):
        compare.run(one, other, 1, 1)


@pytest.mark.parametrize("text", ["print('hello')", "raise SystemExit('no data')", "print('{}')", "print('3')"])
def test_a_reference_that_does_not_keep_the_protocol_is_quoted(tmp_path: Path, text: str) -> None:
    (tmp_path / "bad.py").write_text(text)
    with pytest.raises(SetupError, match=r"bad.py` ended with .*no JSON line"):
        compare.measure([sys.executable, str(tmp_path / "bad.py")], 1)


def test_a_reference_is_found_by_the_recipes_name(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    recipe = tiny("", "run.batch_size=8", "run.ema=0.5")
    monkeypatch.setattr(compare, "TOP", tmp_path)
    with pytest.raises(GanzooError, match="an installed ganzoo has no benchmarks"):
        compare.reference(recipe, "loop", 3, 1, 2)
    (tmp_path / "benchmarks/loops").mkdir(parents=True)
    (tmp_path / "benchmarks/loops/other.py").touch()
    with pytest.raises(GanzooError, match=r"no file .*tiny.py. There are: other."):
        compare.reference(recipe, "loop", 3, 1, 2)
    (tmp_path / "benchmarks/loops/tiny.py").touch()
    command = " ".join(compare.reference(recipe, "loop", 3, 1, 2)[1:])
    assert command.startswith(str(tmp_path / "benchmarks/loops/tiny.py --steps 3 --warmup 1 --threads 2"))
    assert "--batch-size 8" in command and "--ema 0.5" in command
