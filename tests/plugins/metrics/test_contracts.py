"""The house rules of the built-in metrics, beside what tests/plugins/test_conformance.py asks of everybody's."""

from __future__ import annotations

import inspect

import pytest

from ganzoo import IncompatibleError, Metric
from ganzoo.config.component import Blueprint
from ganzoo.registry.discovery import load
from ganzoo.registry.zoo import Entry
from ganzoo.testing.evidence import Clusters, metric_evidence
from ganzoo.testing.subjects import Component

PLUGINS = load()
ENTRIES = [entry for entry in PLUGINS.zoo.entries("metric") if entry.owner == "ganzoo"]
every = pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.name)


@every
def test_described(entry: Entry) -> None:
    assert 0 < len(entry.summary) <= 60 and not entry.summary.endswith(".")
    assert not entry.paper or entry.paper.startswith(("arXiv:", "https://"))
    assert inspect.getdoc(entry.load())
    assert inspect.getdoc(entry.load()) != inspect.getdoc(Metric)


@every
def test_defaults_make_a_recipe(entry: Entry) -> None:
    """Every setting has a default, which passes its own check and survives JSON."""
    filled = Blueprint(entry).filled()
    assert filled.pop("use") == entry.full_name
    assert Blueprint(entry, filled).problems() == []
    assert Blueprint(entry, {"no_such_setting": 1}).problems()
    assert all(Blueprint(entry, {name: -1}).problems() for name in filled)  # no setting of any metric may be negative


@every
def test_one_that_asks_for_classes_says_which_gans_have_them(entry: Entry) -> None:
    metric = entry.load()()
    if metric.asked:
        data = Clusters((1, 8, 8))
        with pytest.raises(IncompatibleError, match="conditional GAN"):
            metric.check(data.spec, data, conditional=False)


@every
def test_the_kit_has_samples_to_check_it_on(entry: Entry) -> None:
    settings = {"dataset stacked_mnist": {"of": "digits"}}
    assert next(metric_evidence(Component(entry, PLUGINS, all_settings=settings)))


def test_results_have_names_of_their_own() -> None:
    names = [name for entry in ENTRIES for name in entry.load().better]
    assert len(set(names)) == len(names)
