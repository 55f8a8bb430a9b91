"""The judge of classifiers from a few labels."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import torch

import ganzoo
from ganzoo.registry import discovery
from judges import labels

DIGITS = {"dataset.use": "digits", "dataset.size": 16, "run.steps": 3}


def test_it_counts_errors_where_no_label_was_given(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(labels, "STEPS", 30)
    run = ganzoo.train("ssgan_mnist", {**DIGITS, "procedure.per_class": 2}, out=tmp_path)
    told = re.fullmatch(
        r"([\d.]+) % of 1,777 images without a label wrong with 20 labels; the same network from the labels alone "
        r"([\d.]+) %",
        labels.judge(run),
    )
    assert told
    three_steps, thirty = map(float, told.groups())
    assert 5 < thirty < three_steps <= 100


def test_examples_with_a_label_are_not_among_those_held_out(tmp_path: Path) -> None:
    plugins = discovery.load()
    run = ganzoo.train("ssgan_mnist", {**DIGITS, "procedure.per_class": 3}, out=tmp_path)
    labelled = ganzoo.load(run).procedure.labelled.x.flatten(0, 1)
    x, y, _ = labels.held_out(run.recipe(plugins.zoo), labelled)
    assert len(x) == len(y) == 1797 - 30
    assert not (x.flatten(1)[:, None] == labelled.flatten(1)[None]).all(2).any()
    assert labels.accuracy(Right(), x[:50], torch.zeros(50, dtype=torch.long)) == 100


class Right(torch.nn.Module):
    """Says zero."""

    def classify(self, x: torch.Tensor) -> torch.Tensor:
        return torch.eye(10)[torch.zeros(len(x), dtype=torch.long)]
