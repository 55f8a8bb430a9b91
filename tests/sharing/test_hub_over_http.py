"""`push` and `pull` by huggingface_hub itself, in processes of their own, with a Hub on this machine."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import torch

import ganzoo
from helpers.hub_server import serving
from helpers.support import environment

pytestmark = pytest.mark.slow  # two processes
NAME = "ann/points"


def test_what_is_pushed_over_http_is_pulled_and_loads(shared: Path, tmp_path: Path) -> None:
    with serving(tmp_path / "repository", NAME) as address:

        def typed(*words: str) -> subprocess.CompletedProcess[str]:
            more = {"HF_ENDPOINT": address, "HF_TOKEN": "hf_secret", "HF_HOME": str(tmp_path / "home")}
            variables = environment(**more, HF_HUB_DISABLE_XET="1", GANZOO_CACHE=str(tmp_path / "cache"))
            line = [sys.executable, "-m", "ganzoo", *words]
            return subprocess.run(line, env=variables, cwd=tmp_path, capture_output=True, text=True, check=False)

        sent = typed("push", str(shared), NAME)
        assert sent.returncode == 0, sent.stderr
        assert {path.name for path in (tmp_path / "repository").iterdir()} == {path.name for path in shared.iterdir()}
        fetched = typed("pull", NAME)
        assert fetched.returncode == 0, fetched.stderr
        assert "hf_secret" not in sent.stdout + sent.stderr + fetched.stdout + fetched.stderr
    assert torch.equal(ganzoo.load(tmp_path / "points").sample(4, seed=0), ganzoo.load(shared).sample(4, seed=0))
