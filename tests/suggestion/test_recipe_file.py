"""The text of a suggested recipe, letter for letter."""

from __future__ import annotations

import tomllib
from dataclasses import replace

from ganzoo.config.component import from_table
from ganzoo.hookspecs import Suggestion
from ganzoo.interfaces import Spec
from ganzoo.registry import discovery
from ganzoo.suggestion import recipe_file
from ganzoo.suggestion.choice import Choice
from ganzoo.suggestion.pictures import Pictures

SUGGESTION = Suggestion(
    "width 16", {}, 2000, 50_000, {"generator.width": "as wide as the time allows", "regularizer.1.weight": "light"}
)
CHOICE = Choice(
    pictures=Pictures(
        dataset=from_table("dataset", {"use": "folder", "path": "photos", "size": 64}, discovery.load().zoo),
        spec=Spec((3, 64, 64), classes=2),
        count=2142,
        sides=(64,),
        classes={"cats": 142, "dogs": 2000},
        short_sides=[64, 80, 200],
        remarks=["3 of 2,145 pictures cannot be read and were skipped"],
        border=0.0,
        seconds=2.0,
        streamed=False,
    ),
    suggestion=SUGGESTION,
    tables={
        "run": {"steps": 2500, "batch_size": 32, "ema": 0.995, "first_sample": 50},
        "dataset": {"use": "folder", "path": 'my "photos"', "size": 64},
        "generator": {"use": "mlp", "width": 16},
        "regularizer": [{"use": "spectral_norm"}, {"use": "r1", "weight": 0.1}],
    },
    minutes=14.6,
    step_seconds=0.342,
    machine="cpu, 1 thread",
    tried=("width 8 at 128x128 takes 1.3 s a step", "width 24 at 64x64 takes 0.78 s a step"),
    busy=False,
    rushed=False,
)
TEXT = """\
# photos in colour at 64x64, by `ganzoo suggest photos`.
#
# Pictures: 2,142 pictures, shorter side 64 to 200, half of them from 80 on, 2 classes of 142 to 2,000: enough to be
#           recognised; more pictures give more variety.
#           3 of 2,145 pictures cannot be read and were skipped.
# Time:     about 15 minutes on this machine (cpu, 1 thread): 2,500 steps of 342 ms.
# Tried:    width 8 at 128x128 takes 1.3 s a step; width 24 at 64x64 takes 0.78 s a step: too slow.
#
#   ganzoo run photos.toml
#   ganzoo run photos.toml run.steps=10000   # four times as long

[run]
steps        = 2500            # 37 passes over the pictures
batch_size   = 32
ema          = 0.995           # samples come from weights averaged over about the last 200 steps
first_sample = 50              # a grid after 50, 100, 200, 400, ... steps, to see the beginning

[dataset]
use  = "folder"
path = "my \\"photos\\""
size = 64                      # the largest side that fits the pictures and the time

[generator]
use   = "mlp"
width = 16                     # as wide as the time allows

[[regularizer]]
use = "spectral_norm"

[[regularizer]]
use    = "r1"
weight = 0.1                   # light
"""


def test_the_text() -> None:
    text = recipe_file.text(CHOICE, "photos", "ganzoo suggest photos", "photos.toml")
    assert text == TEXT
    assert tomllib.loads(text) == CHOICE.tables


def test_too_few_steps_are_said() -> None:
    text = recipe_file.text(replace(CHOICE, rushed=True), "photos", "ganzoo suggest photos", "photos.toml")
    assert "# Beware:   2,500 steps are few; 2,000 or more would be good. Give it more --minutes.\n" in text


def test_a_busy_machine_is_said() -> None:
    lines = recipe_file.text(replace(CHOICE, busy=True), "photos", "ganzoo suggest photos", "photos.toml").splitlines()
    assert (
        lines[6]
        == "#           Other programs kept the processor busy while this was measured; without them it is faster."
    )


def test_the_summary() -> None:
    assert recipe_file.summary(CHOICE) == (
        "width 16 at 64x64, 2,500 steps of 32 pictures: about 15 minutes on this machine"
    )
