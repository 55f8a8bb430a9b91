"""One process at a time trains in a run folder."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from ganzoo import api
from ganzoo.errors import RunError
from ganzoo.sampling.run import Run
from ganzoo.utils import lock
from helpers.support import PLUGINS, tiny, train

HOLDER = """
import sys, time
from pathlib import Path
from ganzoo.utils import lock
with lock.held(Path(sys.argv[1]), ""):
    print("held", flush=True)
    time.sleep(60)
"""


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    return train(tiny("", "run.steps=5"), tmp_path_factory.mktemp("runs"))


def test_a_second_run_in_the_folder_is_refused_and_reading_is_not(run: Run) -> None:
    holder = [sys.executable, "-c", HOLDER, str(run.folder)]
    with subprocess.Popen(holder, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout and process.stdout.readline() == "held\n"
            assert lock.is_held(run.folder)
            before = {path: path.read_bytes() for path in run.folder.rglob("*") if path.is_file()}
            with pytest.raises(RunError, match=r"another process is training in it \(process \d+ on ") as caught:
                train(run.recipe(PLUGINS.zoo, ["run.steps=6"]), run.folder.parent, run)
            assert caught.value.exit_code == 5
            assert {path: path.read_bytes() for path in run.folder.rglob("*") if path.is_file()} == before
            assert api.load(run).sample(2).shape == (2, 2)
        finally:
            process.kill()
    assert not lock.is_held(run.folder)  # the system lets go of what a killed process held


def test_it_is_free_again_afterwards(tmp_path: Path) -> None:
    with lock.held(tmp_path, ""):
        pass
    assert not lock.is_held(tmp_path)


def test_where_there_are_no_locks_a_run_trains_without(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_: object, **__: object) -> None:
        raise OSError(37, "No locks available")

    monkeypatch.setattr(lock.FileLock, "acquire", fails)
    assert train(tiny("", "run.steps=2"), tmp_path).status["state"] == "finished"
