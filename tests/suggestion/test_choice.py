"""The choice of width, side and steps, on a machine whose speed the test sets."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import psutil
import pytest
import torch

import ganzoo
import ganzoo_builtins.gans
from ganzoo.config.component import from_table
from ganzoo.errors import SetupError
from ganzoo.interfaces import Spec
from ganzoo.registry import discovery
from ganzoo.suggestion import recipe_file
from ganzoo.suggestion.choice import Choice, Chooser, Noise
from ganzoo.suggestion.pictures import Pictures
from ganzoo.training import tuned
from ganzoo.training.forecast import GRIDS, Forecast, Occasion

PLUGINS = discovery.load()
Speed = Callable[[int, int], float]


def pictures(count: int = 2000, classes: dict[str, int] | None = None, **changes: Any) -> Pictures:
    classes = classes or {}
    given: dict[str, Any] = {
        "dataset": from_table("dataset", {"use": "folder", "path": "photos", "size": 64}, PLUGINS.zoo),
        "spec": Spec((3, 64, 64), classes=len(classes)),
        "count": count,
        "sides": (64, 32),
        "classes": classes,
        "short_sides": [64] * count,
        "remarks": [],
        "border": 0.0,
        "seconds": 10.0,
        "streamed": False,
    }
    return Pictures(**{**given, **changes})


def choose(
    speed: Speed, minutes: float, seen: Pictures, monkeypatch: pytest.MonkeyPatch, grid: float = 0.0
) -> tuple[Choice, list[str]]:
    """Choose on a machine where a step takes speed(width, side) seconds."""

    def timed(self: Chooser, there: Pictures, suggestion: ganzoo.Suggestion, *_: float) -> Forecast:
        seconds = speed(suggestion.tables["generator"]["width"], there.spec.shape[-1])
        return Forecast(1000, seconds, (Occasion(GRIDS, 10, grid),))

    monkeypatch.setattr(Chooser, "_timed", timed)
    said: list[str] = []
    return Chooser(PLUGINS, "ganzoo", start_up=8.0, say=said.append).choose(seen, minutes), said


def test_the_widest_that_has_enough_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    """15 minutes are 855 seconds without the start; at 0.36 s a step, width 16 has 2,375 of its 2,000."""
    choice, said = choose(lambda width, side: 0.36 * (width / 16) ** 2 * (side / 64) ** 2, 15, pictures(), monkeypatch)
    assert choice.suggestion.name == "width 16"
    assert choice.tables["run"]["steps"] == 2300
    assert choice.minutes == pytest.approx((2300 * 0.36 + 18) / 60)
    assert choice.tried == ("width 24 at 64x64 takes 0.81 s a step",)
    assert [line.partition(" at")[0] for line in said] == ["width 8", "width 12", "width 16", "width 24"]
    assert not choice.rushed


@pytest.mark.parametrize(("load", "busy"), [(2.4, False), (2.6, True)])
def test_a_machine_whose_cores_are_taken_is_busy(load: float, busy: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(psutil, "getloadavg", lambda: (load, 0.0, 0.0))
    monkeypatch.setattr(psutil, "cpu_count", lambda: 2)
    choice, _ = choose(lambda width, side: 0.3, 15, pictures(), monkeypatch)
    assert choice.busy == busy


def test_a_smaller_side_where_no_width_is_fast_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    choice, _ = choose(lambda width, side: (width / 16) * (side / 64) ** 2, 8, pictures(), monkeypatch)
    assert choice.pictures.spec.shape == (3, 32, 32)
    assert choice.tables["dataset"] == {"use": "folder", "path": "photos", "size": 32}
    assert choice.suggestion.name == "width 12"


def test_the_fastest_where_nothing_is_fast_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    choice, _ = choose(lambda width, side: width * side / 100, 1, pictures(), monkeypatch)
    assert choice.rushed
    assert (choice.pictures.spec.shape[-1], choice.suggestion.name) == (32, "width 8")
    assert choice.tables["run"]["steps"] == int((58.2 - 18) / 2.56)


def test_a_fast_machine_makes_as_many_steps_as_help(monkeypatch: pytest.MonkeyPatch) -> None:
    choice, _ = choose(lambda width, side: 0.001, 60, pictures(), monkeypatch)
    assert choice.suggestion.name == "width 64"
    assert choice.tables["run"]["steps"] == 50_000
    assert choice.minutes == pytest.approx((50 + 18) / 60)


def test_the_time_of_grids_is_set_aside(monkeypatch: pytest.MonkeyPatch) -> None:
    """16 grids of 10 s: 10 at even intervals and 6 early ones."""
    choice, _ = choose(lambda width, side: 0.36 if width <= 16 else 9.0, 15, pictures(), monkeypatch, grid=10.0)
    assert choice.tables["run"]["steps"] == 1900
    assert choice.minutes == pytest.approx((1900 * 0.36 + 160 + 18) / 60)


def test_grids_come_often_at_the_beginning(monkeypatch: pytest.MonkeyPatch) -> None:
    choice, _ = choose(lambda width, side: 0.36 if width <= 16 else 9.0, 15, pictures(), monkeypatch)
    run = choice.tables["run"]
    assert {name: run[name] for name in ("first_sample", "sample", "save", "ema")} == {
        "first_sample": 50,
        "sample": 230,
        "save": 575,
        "ema": 0.995,
    }


@pytest.mark.parametrize(("smallest", "condition"), [(20, "batch_norm"), (19, None)])
def test_labels_are_used_where_each_class_has_pictures(
    smallest: int, condition: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = pictures(classes={"cats": smallest, "dogs": 500})
    choice, _ = choose(lambda width, side: 0.01, 15, seen, monkeypatch)
    assert choice.tables["generator"].get("condition") == condition
    assert ("condition" in choice.tables["discriminator"]) == (condition is not None)


def test_what_was_found_for_these_networks_here_is_used(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("GANZOO_CACHE", str(tmp_path))
    before, _ = choose(lambda width, side: 0.01, 15, pictures(), monkeypatch)
    assert before.tables["run"]["channels_last"] and before.tuned == ()
    recipe = Chooser(PLUGINS, "ganzoo", 0.0, print)._recipe(before.tables)
    tuned.write(recipe, before.pictures.spec, {"threads": 2, "channels_last": False, "compile": False})
    after, _ = choose(lambda width, side: 0.01, 15, pictures(), monkeypatch)
    assert after.tables["run"] == {**before.tables["run"], "channels_last": False}
    assert after.tuned == ("channels_last",)
    text = recipe_file.text(after, "photos", "ganzoo suggest photos", "photos.toml")
    assert re.search(r"channels_last = false +# the fastest here, as `ganzoo bench --tune` has measured", text)


def test_another_plugin_may_suggest_and_is_chosen_by_its_owner(monkeypatch: pytest.MonkeyPatch) -> None:
    theirs = ModuleType("theirs")

    @ganzoo.hookimpl
    def ganzoo_suggest(spec: Spec, examples: int, border: float) -> Iterator[ganzoo.Suggestion]:
        yield ganzoo.Suggestion(
            f"{spec.shape[-1]} of {examples} on {border}",
            {"generator": {"use": "mlp", "width": 1}},
            fewest_steps=1,
            most_steps=7,
        )

    theirs.ganzoo_suggest = ganzoo_suggest  # type: ignore[attr-defined]
    plugins = discovery.load({"ganzoo/gans": ganzoo_builtins.gans, "acme/x": theirs})
    forecast = Forecast(1, 0.001, (Occasion(GRIDS, 1, 0.0),))
    monkeypatch.setattr(Chooser, "_timed", lambda *_: forecast)
    monkeypatch.setattr(Chooser, "_recipe", lambda *_: SimpleNamespace(run=ganzoo_run()))
    monkeypatch.setattr(Chooser, "_tuned", lambda *_: {})
    choice = Chooser(plugins, "acme", 0.0, lambda line: None).choose(pictures(), 1)
    assert (choice.suggestion.name, choice.tables["run"]["steps"]) == ("64 of 2000 on 0.0", 7)


def ganzoo_run() -> Any:
    from ganzoo.config.recipe import RunSettings

    return RunSettings(steps=1)


def test_an_owner_without_suggestions_is_named() -> None:
    with pytest.raises(SetupError, match="no plugin of 'acme' suggests networks for pictures of shape"):
        Chooser(PLUGINS, "acme", 0.0, lambda line: None).choose(pictures(), 15)


def test_noise_has_the_shape_and_the_labels() -> None:
    noise = Noise(Spec((3, 8, 8), classes=3), 7)
    tensors = noise.tensors()
    assert tensors["x"].shape == (7, 3, 8, 8)
    assert tensors["x"].dtype == torch.uint8
    assert tensors["y"].tolist() == [0, 1, 2, 0, 1, 2, 0]
    assert torch.equal(noise[4]["x"], tensors["x"][4])


@pytest.mark.parametrize("classes", [{}, {"a": 30, "b": 30}])
@pytest.mark.parametrize("shape", [(1, 28, 28), (3, 32, 32), (3, 64, 64), (3, 128, 128)])
def test_every_suggestion_builds(shape: tuple[int, int, int], classes: dict[str, int]) -> None:
    """Each network that the built-in plugin suggests makes pictures of the side, on the meta device."""
    from ganzoo.config import instantiate
    from ganzoo.suggestion import choice as module

    dataset = from_table(
        "dataset", {"use": "folder", "path": "x", "size": shape[-1], "channels": shape[0]}, PLUGINS.zoo
    )
    seen = pictures(classes=classes, dataset=dataset, spec=Spec(shape, classes=len(classes)), sides=(shape[-1],))
    chooser = Chooser(PLUGINS, "ganzoo", 0.0, lambda line: None)
    widths = []
    for suggestion in chooser._suggestions(seen):
        recipe = chooser._recipe(module._tables(seen, suggestion, 100))
        with torch.device("meta"):
            procedure = instantiate.procedure(recipe, seen.spec)
            instantiate.check_fit(procedure, seen.spec)
        assert procedure.conditional == bool(classes)
        widths.append(suggestion.tables["generator"]["width"])
    assert widths == sorted(widths, reverse=True)
    assert widths[-1] == 8


@pytest.mark.parametrize(
    ("count", "channels", "tables"),
    [
        (10_000, 3, None),
        (9_999, 3, [{"use": "mirror"}, {"use": "diff_augment", "policy": ["translation"], "fill": 1.0}]),
        (9_999, 1, [{"use": "diff_augment", "policy": ["translation"], "fill": 1.0}]),
        (999, 1, [{"use": "diff_augment", "policy": ["color", "translation", "cutout"], "fill": 1.0}]),
    ],
)
def test_few_pictures_are_augmented(count: int, channels: int, tables: list[dict[str, Any]] | None) -> None:
    """Colour ones are mirrored, which would turn letters around; what is shifted in has the colour of the borders."""
    seen = pictures(count, spec=Spec((channels, 64, 64)), border=1.0)
    for suggestion in Chooser(PLUGINS, "ganzoo", 0.0, lambda line: None)._suggestions(seen):
        assert suggestion.tables.get("augmentation") == tables
        for path in suggestion.reasons:  # each is the reason of a setting that there is
            name, *item, setting = path.split(".")
            table = suggestion.tables[name]
            assert setting in (table[int(item[0])] if item else table)
