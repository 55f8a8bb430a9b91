"""Device, precision and processes."""

from __future__ import annotations

import pytest
import torch

from ganzoo import Misfit, device
from ganzoo.errors import EnvironmentProblem
from ganzoo.recipe import RunSettings


def test_one_process_is_the_main_one() -> None:
    found = device.processes()
    assert (found.num_processes, found.is_main_process) == (1, True)


def test_processes_that_did_not_join_are_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    device.processes()
    monkeypatch.setenv("WORLD_SIZE", "2")
    with pytest.raises(EnvironmentProblem, match="WORLD_SIZE asks for 2 processes and 1 joined") as caught:
        device.processes()
    assert caught.value.exit_code == 6


@pytest.mark.parametrize("precisions", [("no", "bf16", "no")])
def test_one_process_can_train_with_several_precisions(precisions: tuple[str, ...]) -> None:
    for precision in precisions:
        made = device.accelerator(RunSettings(precision=precision))  # type: ignore[arg-type]
        assert made.mixed_precision == precision
        assert made.gradient_accumulation_steps == 1


@pytest.mark.skipif(torch.accelerator.is_available(), reason="there is a GPU")
def test_fp16_on_a_cpu_is_refused() -> None:
    with pytest.raises(Misfit, match=r'run\.precision = "fp16" needs a GPU'):
        device.accelerator(RunSettings(precision="fp16"))
