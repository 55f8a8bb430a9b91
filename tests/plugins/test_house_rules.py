"""Rules for built-in components beyond the conformance tests."""

from __future__ import annotations

import pytest
import torch

from ganzoo import IncompatibleError
from ganzoo.config import signature
from ganzoo.config.component import Blueprint
from ganzoo.registry import discovery
from ganzoo.registry.zoo import KINDS, Entry
from ganzoo.testing.subjects import SPECS, Component

PLUGINS = discovery.load()
NETWORKS = ("generator", "discriminator", "encoder")
OTHERS = ("loss", "regularizer", "augmentation", "transform", "optimizer", "schedule")
MADE_UP = ("constant", "linear", "noise", "negative", "mirror")  # from no paper


def ours(*kinds: str) -> pytest.MarkDecorator:
    entries = [entry for kind in kinds for entry in PLUGINS.zoo.entries(kind) if entry.owner == "ganzoo"]
    return pytest.mark.parametrize("entry", entries, ids=lambda entry: f"{entry.kind} {entry.full_name}")


@ours(*NETWORKS, *OTHERS)
def test_a_short_summary_and_a_paper(entry: Entry) -> None:
    assert 0 < len(entry.summary) <= 60 and not entry.summary.endswith(".")
    assert entry.paper.startswith(("arXiv:", "https://")) or entry.name in MADE_UP


@ours(*NETWORKS, *OTHERS)
def test_every_setting_has_a_default(entry: Entry) -> None:
    filled = Blueprint(entry).filled()
    assert filled.pop("use") == entry.full_name
    assert Blueprint(entry, filled).problems() == []


@ours(*KINDS)
def test_every_setting_is_described(entry: Entry) -> None:
    target = entry.load()
    if getattr(target, "func", target).__module__.startswith("torch."):
        pytest.skip("PyTorch documents its optimizers")
    described = signature.describe(entry)
    assert list(described.descriptions()) == list(described.settings)
    assert "spec" not in described.settings


@ours(*NETWORKS)
def test_no_parameter_is_fixed(entry: Entry) -> None:
    for spec in SPECS:
        try:
            with torch.device("meta"):
                network = Component(entry, PLUGINS).build(spec)
        except IncompatibleError:
            continue
        assert all(parameter.requires_grad for parameter in network.parameters())


@ours("regularizer")
def test_lazy_regularization_is_asked_for(entry: Entry) -> None:
    assert entry.load()().every == 1
