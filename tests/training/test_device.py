"""Device, precision and processes."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import torch

from ganzoo import IncompatibleError
from ganzoo.config.recipe import RunSettings
from ganzoo.errors import SetupError
from ganzoo.training import device, dry_run
from helpers.support import PLUGINS, environment, tiny, train


def test_one_process_is_the_main_one() -> None:
    found = device.processes()
    assert (found.num_processes, found.is_main_process) == (1, True)


def test_processes_that_did_not_join_are_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    device.processes()
    monkeypatch.setenv("WORLD_SIZE", "2")
    with pytest.raises(SetupError, match="WORLD_SIZE asks for 2 processes and 1 joined") as caught:
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
    with pytest.raises(IncompatibleError, match=r'run\.precision = "fp16" needs a GPU'):
        device.accelerator(RunSettings(precision="fp16"))


VALUES = {"ACCELERATE_GRADIENT_ACCUMULATION_STEPS": "4", "ACCELERATE_DYNAMO_BACKEND": "INDUCTOR"}


@pytest.mark.parametrize("name", device.OVERRIDES)
def test_what_would_change_the_training_is_refused_by_name(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    value = VALUES.get(name, "true")
    monkeypatch.setenv(name, value)
    with pytest.raises(SetupError) as raised:
        device.accelerator(RunSettings())
    assert raised.value.exit_code == 6
    assert raised.value.message.startswith(f"{name}={value} would change how networks are trained")
    assert raised.value.message.endswith(f"Type: unset {name}")


def test_all_of_them_are_named_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in device.OVERRIDES:
        monkeypatch.setenv(name, VALUES.get(name, "true"))
    with pytest.raises(SetupError) as raised:
        device.processes()
    assert raised.value.message.endswith(f"Type: unset {' '.join(device.OVERRIDES)}")


@pytest.mark.parametrize(
    ("name", "value"), [(name, value) for name, values in device.OVERRIDES.items() for value in dict.fromkeys(values)]
)
def test_what_changes_nothing_passes(name: str, value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(name, value.upper())
    assert device.accelerator(RunSettings()).gradient_accumulation_steps == 1


def test_what_accelerate_launch_sets_for_a_plain_run_passes(monkeypatch: pytest.MonkeyPatch) -> None:
    from accelerate.commands.launch import launch_command_parser
    from accelerate.utils.launch import prepare_simple_launcher_cmd_env

    arguments = launch_command_parser().parse_args(["--cpu", "--mixed_precision=no", "--dynamo_backend=no", "x.py"])
    arguments.num_machines = 1
    arguments.num_processes = 1
    arguments.num_cpu_threads_per_process = 1
    _, environment = prepare_simple_launcher_cmd_env(arguments)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    device.check_environment()


def test_processes_of_accelerate_launch_on_cpus_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """With two processes or machines it sets this, and neither WORLD_SIZE nor RANK: each would train alone."""
    monkeypatch.setenv("ACCELERATE_USE_CPU", "True")
    monkeypatch.setenv("ACCELERATE_MIXED_PRECISION", "no")
    device.processes()
    monkeypatch.setenv("MASTER_ADDR", "127.0.0.1")
    with pytest.raises(SetupError, match="do not find each other, and each would train alone"):
        device.processes()
    monkeypatch.setenv("RANK", "0")
    monkeypatch.setenv("WORLD_SIZE", "1")
    device.processes()


def test_the_recipe_s_precision_beats_the_environment_s(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ACCELERATE_MIXED_PRECISION", "bf16")
    assert device.accelerator(RunSettings()).mixed_precision == "no"


@pytest.mark.parametrize("name", ["ACCELERATE_USE_CPU", "WORLD_SIZE"])
def test_a_variable_that_cannot_be_read_is_no_traceback(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(name, "perhaps")
    with pytest.raises(SetupError, match=r"Accelerate cannot start: .*perhaps"):
        device.processes()


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("ACCELERATE_GRADIENT_ACCUMULATION_STEPS", "4", "accumulates gradients over 4 steps"),
        ("ACCELERATE_DYNAMO_BACKEND", "eager", "compiles by EAGER"),
    ],
)
def test_what_accelerate_made_of_it_is_looked_at_too(
    name: str, value: str, says: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A later Accelerate may read another variable: what must hold is asserted, whatever it came from."""
    monkeypatch.setattr(device, "OVERRIDES", {})
    monkeypatch.setenv(name, value)
    with pytest.raises(SetupError, match=says):
        device.accelerator(RunSettings())
    monkeypatch.delenv(name)
    device.accelerator(RunSettings())


PAGE_FAULTS = """
import resource, sys
from ganzoo.training import device
kept = device.keep_freed_memory() if sys.argv[1] == "keep" else None
def touch():
    for _ in range(50):
        block = bytearray(4 * 2**20)
touch()
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
touch()
print(kept, resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


def faults(how: str, **variables: str) -> tuple[str, int]:
    done = subprocess.run(
        [sys.executable, "-c", PAGE_FAULTS, how],
        env=environment(**variables),
        capture_output=True,
        text=True,
        check=True,
    )
    kept, count = done.stdout.split()
    return kept, int(count)


@pytest.mark.skipif(sys.platform != "linux", reason="glibc is Linux's")
def test_freed_blocks_are_used_again_without_a_page_fault() -> None:
    kept, count = faults("keep")
    if kept == "False":
        pytest.skip("another C library than glibc, or one that is tuned")
    assert count < 100
    assert faults("leave", MALLOC_MMAP_THRESHOLD_="1000000")[1] > 10_000


def test_a_user_who_tuned_it_is_left_alone() -> None:
    assert faults("keep", MALLOC_ARENA_MAX="1")[0] == "False"
    assert faults("keep", GLIBC_TUNABLES="glibc.malloc.arena_max=1")[0] == "False"


@pytest.fixture
def x86(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(device.platform, "machine", lambda: "x86_64")
    for name in ("_is_avx512_bf16_supported", "_is_amx_tile_supported"):
        monkeypatch.setattr(torch.cpu, name, lambda: False)


def test_bf16_without_bfloat16_arithmetic_is_a_warning(x86: None) -> None:
    cpu, gpu = torch.device("cpu"), torch.device("cuda")
    assert device.slow_precision("bf16", cpu) == (
        'run.precision = "bf16" will take up to ten times as long as "no": this processor has no bfloat16 arithmetic. '
        "Set run.precision=no."
    )
    assert device.slow_precision("no", cpu) == ""
    assert device.slow_precision("bf16", gpu) == ""


@pytest.mark.parametrize("name", ["_is_avx512_bf16_supported", "_is_amx_tile_supported"])
def test_bf16_with_bfloat16_arithmetic_is_none(name: str, x86: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cpu, name, lambda: True)
    assert device.slow_precision("bf16", torch.device("cpu")) == ""


def test_the_warning_comes_before_training_and_in_check(
    x86: None, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    recipe = tiny("", "run.steps=1", 'run.precision="bf16"')
    assert dry_run.inspect(recipe, PLUGINS.zoo)["remarks"] == [device.slow_precision("bf16", torch.device("cpu"))]
    train(recipe, tmp_path)
    told = capsys.readouterr().err
    assert told.index("this processor has no bfloat16 arithmetic") < told.index("step 1/1")
