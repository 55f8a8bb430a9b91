"""One process at a time trains in a run folder."""

from __future__ import annotations

import errno
import fcntl
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from ganzoo import api
from ganzoo.errors import RunError
from ganzoo.runs import status
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


@pytest.fixture(params=[errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP], ids=["NFS", "FUSE", "SMB"])
def no_locks(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file system whose flock() ends in an error."""

    def fails(*_: object) -> None:
        raise OSError(request.param, os.strerror(request.param))

    monkeypatch.setattr(fcntl, "flock", fails)


@pytest.mark.usefixtures("no_locks")
def test_where_there_are_no_locks_a_run_trains_and_resumes_with_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], recwarn: pytest.WarningsRecorder
) -> None:
    run = train(tiny("", "run.steps=2"), tmp_path)
    again = train(run.recipe(PLUGINS.zoo, ["run.steps=3"]), tmp_path, run)
    assert (again.status["state"], again.status["step"]) == ("finished", 3)
    assert capsys.readouterr().err.count("this file system has no locks: see to it that only one process trains") == 2
    assert not [warning for warning in recwarn if "lock" in str(warning.message)]


@pytest.mark.usefixtures("no_locks")
@pytest.mark.parametrize("pid", [1, 2**22 + 1], ids=["exists", "has ended"])
def test_where_there_are_no_locks_the_status_tells_whether_a_run_goes_on(pid: int, run: Run, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(run.folder, tmp_path / "run"))
    content = json.loads((folder / "status.json").read_text())
    (folder / "status.json").write_text(json.dumps({**content, "state": "running", "pid": pid}))
    if pid == 1:
        assert status.report(folder).state == "running"
        with pytest.raises(RunError, match=r"process 1 on .* seems to train in it, and this file system has no locks"):
            train(run.recipe(PLUGINS.zoo, ["run.steps=6"]), tmp_path, Run(folder))
    else:
        assert status.report(folder).state == "dead"
        assert train(run.recipe(PLUGINS.zoo, ["run.steps=6"]), tmp_path, Run(folder)).status["step"] == 6
