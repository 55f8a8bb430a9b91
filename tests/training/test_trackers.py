"""Trackers get the numbers, and none of them can stop a run."""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar

import accelerate.tracking
import pytest
from PIL import Image

from ganzoo.errors import SetupError
from ganzoo.runs.metrics_log import MetricsLog
from ganzoo.training import trackers
from helpers.support import tiny, train

TWO = 'run.trackers=["first", "second"]'


class Fake:
    """Keeps what it is told, and raises in the method that a test names."""

    name = "fake"
    requires_logging_directory = False
    raising: ClassVar[str] = ""
    all: ClassVar[list[Fake]] = []

    def __init__(self, run_name: str):
        self._maybe_raise("__init__")
        self.run_name = run_name
        self.rows = list[tuple[int, dict[str, float]]]()
        self.finished = False
        self.config: dict[str, Any] = {}
        self.pictures: list[tuple[int, tuple[int, ...]]] = []
        Fake.all.append(self)

    def start(self) -> None:
        self._maybe_raise("start")

    def store_init_configuration(self, values: dict[str, Any]) -> None:
        self._maybe_raise("store_init_configuration")
        self.config = values

    def log(self, values: dict[str, float], step: int) -> None:
        self._maybe_raise("log")
        self.rows.append((step, values))

    def log_images(self, values: dict[str, Any], step: int) -> None:
        self._maybe_raise("log_images")
        self.pictures.append((step, values["samples"].shape))

    def finish(self) -> None:
        self.finished = True
        self._maybe_raise("finish")

    def _maybe_raise(self, method: str) -> None:
        if self.raising == method:
            raise RuntimeError("no network [/]")


class Broken(Fake):
    name = "broken"


class Foldered(Fake):
    requires_logging_directory = True

    def __init__(self, run_name: str, logging_dir: Path):
        super().__init__(run_name)
        self.folder = logging_dir


@pytest.fixture(autouse=True)
def known(monkeypatch: pytest.MonkeyPatch) -> dict[str, type[Fake]]:
    """The trackers that Accelerate knows, all of them installed."""
    table: dict[str, type[Fake]] = {"first": Broken, "second": Fake}
    monkeypatch.setattr(trackers, "LOGGER_TYPE_TO_CLASS", table)
    monkeypatch.setattr(trackers, "get_available_trackers", lambda: list(table))
    monkeypatch.setattr(Fake, "all", [])
    return table


def test_a_tracker_gets_the_recipe_and_the_numbers(tmp_path: Path) -> None:
    run = train(tiny("", 'run.trackers=["second"]'), tmp_path)
    (tracker,) = Fake.all
    assert tracker.run_name == run.folder.name
    assert tracker.config["generator.z_dim"] == 4
    assert tracker.config["run.trackers"] == "['second']"
    assert all(isinstance(value, (bool, int, float, str)) for value in tracker.config.values())
    expected = [
        {key: value for key, value in row.items() if key not in ("images_per_second", "seconds")}
        for row in run.metrics()
    ]
    assert [{"step": step, **values} for step, values in tracker.rows] == expected
    assert tracker.finished


def test_a_tracker_that_writes_files_gets_a_folder_in_the_run(tmp_path: Path, known: dict[str, type[Fake]]) -> None:
    known["files"] = Foldered
    run = train(tiny("", 'run.trackers=["files"]', "run.steps=1"), tmp_path)
    (tracker,) = Fake.all
    assert isinstance(tracker, Foldered)
    assert tracker.folder == run.folder / "events"


@pytest.mark.parametrize("method", ["__init__", "start", "store_init_configuration", "log", "finish"])
def test_a_tracker_that_raises_is_dropped_with_one_line(
    method: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(Broken, "raising", method)
    run = train(tiny("", TWO), tmp_path)
    assert run.status["state"] == "finished"
    told = [line for line in capsys.readouterr().err.splitlines() if "RuntimeError" in line]
    assert told == ["tracker first failed and is off: RuntimeError: no network [/]"]
    good = Fake.all[-1]
    assert type(good) is Fake and len(good.rows) == 4 and good.finished


def test_a_tracker_gets_the_grids_and_scores_by_their_names(tmp_path: Path) -> None:
    run = train(tiny("", 'run.trackers=["second"]'), tmp_path)
    (tracker,) = Fake.all
    with Image.open(run.samples / "step-00000012.png") as grid:
        shape = (1, grid.height, grid.width, 3)
    assert tracker.pictures == [(t, shape) for t in (0, 6, 12)]
    with trackers.Trackers(tiny("", 'run.trackers=["second"]'), run) as opened:
        opened.scores(12, {"recall@raw": 0.5})
    assert Fake.all[-1].rows == [(12, {"score/recall@raw": 0.5})]


def test_a_tracker_that_cannot_show_pictures_still_gets_the_numbers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(Broken, "raising", "log_images")
    train(tiny("", TWO), tmp_path)
    told = [line for line in capsys.readouterr().err.splitlines() if "RuntimeError" in line]
    assert told == ["tracker first cannot show pictures: RuntimeError: no network [/]"]
    broken, good = Fake.all
    assert len(broken.rows) == len(good.rows) == 4
    assert not broken.pictures and len(good.pictures) == 3


def test_tensorboard_has_every_number_and_the_grids(tmp_path: Path, known: dict[str, Any]) -> None:
    known["tensorboard"] = accelerate.tracking.TensorBoardTracker
    accumulator = pytest.importorskip("tensorboard.backend.event_processing.event_accumulator")
    run = train(tiny("", 'run.trackers=["tensorboard"]'), tmp_path)
    (file,) = [path for path in (run.folder / "events").rglob("events*") if path.parent.name == run.folder.name]
    events = accumulator.EventAccumulator(str(file))
    events.Reload()
    assert [event.step for event in events.Scalars("generator/adversarial")] == [4, 6, 8, 12]
    assert {"told_apart", "gradient/generator", "samples/diversity"} <= set(events.Tags()["scalars"])
    grids = events.Images("samples")
    assert [event.step for event in grids] == [0, 6, 12]
    with Image.open(run.samples / "step-00000012.png") as grid:
        assert (grids[-1].width, grids[-1].height) == grid.size


def test_trackers_are_finished_when_a_run_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(MetricsLog, "append", lambda *_, **__: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        train(tiny("", TWO), tmp_path)
    assert [tracker.finished for tracker in Fake.all] == [True, True]


def test_a_tracker_that_is_not_installed_is_named_before_the_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trackers, "get_available_trackers", lambda: ["second"])
    with pytest.raises(SetupError, match="names 'first', which is not installed: pip install first"):
        train(tiny("", TWO), tmp_path)
    assert not Fake.all


def test_accelerates_own_table_has_what_we_rely_on() -> None:
    for kind in accelerate.tracking.LOGGER_TYPE_TO_CLASS.values():
        assert isinstance(kind.requires_logging_directory, bool) or hasattr(kind, "requires_logging_directory")
        assert all(callable(getattr(kind, name)) for name in ("store_init_configuration", "log", "finish"))
