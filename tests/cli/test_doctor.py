"""ganzoo doctor: versions and devices, and what is wrong."""

from __future__ import annotations

import json
from importlib import metadata
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch

from ganzoo.cli import doctor
from ganzoo.training import device
from helpers.commands import ganzoo, shell
from helpers.packages import install


def test_all_is_well() -> None:
    result = ganzoo("doctor", "--json")
    assert result.exit_code == 0, result.output
    facts = json.loads(result.stdout)
    assert facts["problems"] == []
    assert facts["versions"]["torch"] == metadata.version("torch")
    assert facts["device"]
    assert set(facts["plugins"].values()) == {"ok"}


def test_the_text_is_lines_in_words(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(doctor.EXTRAS, "not_there", ("roses", "the dataset roses"))
    facts = json.loads(ganzoo("doctor", "--json").stdout)
    text = ganzoo("doctor").stdout
    lines = [line[17:] for line in text.splitlines()]
    assert f"torch {facts['versions']['torch']}" in lines
    assert "ganzoo play: ready" in lines
    assert "the dataset roses: pip install 'ganzoo-torch[roses]'" in lines
    ours = sum(name.startswith("ganzoo/") for name in facts["plugins"])
    assert f"ganzoo: {ours} of {ours} loaded" in lines
    assert [line.partition("  ")[0] for line in text.splitlines() if line[0] != " "] == [
        name.replace("_", " ") for name in facts if name != "problems"
    ]
    assert "{" not in text


def test_a_plugin_that_is_not_loaded_has_a_line_of_its_own() -> None:
    states = {"ganzoo/gans": "ok", "acme/losses": "ok", "acme/nets": "failed"}
    assert doctor._plugin_lines(states) == ["ganzoo: 1 of 1 loaded", "acme: 1 of 2 loaded", "acme/nets: failed"]


def test_every_extra_is_one_of_the_package() -> None:
    declared = metadata.metadata("ganzoo-torch").get_all("Provides-Extra") or []
    assert {extra for extra, _ in doctor.EXTRAS.values()} <= {*declared}


def test_a_broken_plugin_is_a_problem(tmp_path: Path) -> None:
    install(tmp_path, "ganzoo-broken", "import not_there")
    done = shell("doctor", "--json", site=tmp_path)
    assert done.returncode == 6
    problem = "plugin broken/main: ModuleNotFoundError: No module named 'not_there'"
    assert json.loads(done.stdout)["problems"] == [problem]
    assert f"Error: {problem}" in done.stderr


def test_the_other_package_of_our_name_is_a_problem(tmp_path: Path) -> None:
    install(tmp_path, "ganzoo", "")
    (tmp_path / "ganzoo-0.1.dist-info" / "entry_points.txt").unlink()
    (tmp_path / "ganzoo-0.1.dist-info" / "top_level.txt").write_text("ganzoo\n")
    done = shell("doctor", site=tmp_path)
    assert done.returncode == 6
    assert "two packages provide 'ganzoo'" in done.stderr
    assert "pip uninstall ganzoo ganzoo-torch && pip install ganzoo-torch" in done.stderr


def test_a_missing_package_is_a_problem(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "NEEDED", ("torch", "no-such-package"))
    result = ganzoo("doctor")
    assert result.exit_code == 6
    assert "no-such-package is not installed: pip install no-such-package" in result.stderr


def test_a_torch_that_does_not_work_is_a_problem(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken() -> str:
        raise OSError("libtorch.so: cannot open shared object file")

    monkeypatch.setattr(doctor, "_device", broken)
    result = ganzoo("doctor")
    assert result.exit_code == 6
    assert (
        "torch does not work: OSError: libtorch.so: cannot open shared object file. Install it again." in result.stderr
    )


def test_the_gpu_of_a_mac_is_said_to_be_untested(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(device, "processes", lambda: SimpleNamespace(device=torch.device("mps")))
    shown = ganzoo("doctor").stdout
    assert "mps (GPU of a Mac, on which ganzoo is not tested; for the processor: ACCELERATE_USE_CPU=true)" in shown
