"""The referee: accurate on held-out digits, reproducible, cached, and rejected if it is too inaccurate."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from ganzoo import Batch, Dataset, IncompatibleError, Spec
from ganzoo.metrics.reference import Reference
from ganzoo_builtins.datasets.digits import Digits
from ganzoo_builtins.datasets.in_memory import InMemoryDataset
from ganzoo_builtins.datasets.toy import Ring
from ganzoo_builtins.extractors import weight_cache
from ganzoo_builtins.extractors.classifier import ARCHITECTURES, Classifier
from ganzoo_builtins.extractors.referee import Referee


def of(data: Dataset, cache: Path) -> Reference:
    return replace(Reference.from_dataset(data), cache=cache)


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> tuple[Referee, Reference]:
    """200 steps on half of the 8x8 digits."""
    seen = of(Digits(), tmp_path_factory.mktemp("cache"))
    referee = Referee(steps=200)
    before = torch.get_rng_state()
    referee.prepare(seen)
    assert torch.equal(torch.get_rng_state(), before), "what training draws next is as it was"
    return referee, seen


def test_it_reads_digits_that_it_has_not_seen(trained: tuple[Referee, Reference]) -> None:
    referee, seen = trained
    x, y = seen.held.samples, seen.held.batch["y"]
    features, logits = referee.features(x), referee.logits(x)
    right = (referee.classes(features, logits) == y).double().mean().item()
    assert referee.facts()["accuracy"] == right >= 0.9
    alone = [(part.argmax(1) == y).double().mean().item() for part in each(referee, features)]
    assert [one["accuracy"] for one in referee.facts()["classifiers"].values()] == alone
    assert min(alone) >= 0.95


def each(referee: Referee, features: torch.Tensor) -> list[torch.Tensor]:
    """Return the logits of each classifier, from the features of both, (N, 256) -> 2 of (N, classes)."""
    parts = features.split(128, 1)
    return [net.head(part * 2**0.5).detach() for net, part in zip(referee.nets, parts, strict=True)]


def test_only_what_both_read_alike_and_looks_real_is_read_as_a_class(trained: tuple[Referee, Reference]) -> None:
    referee, seen = trained
    x = seen.held.samples
    x = torch.cat([x, torch.rand_like(x) * 2 - 1])
    features = referee.features(x)
    first, second = (part.argmax(1) for part in each(referee, features))
    near = torch.cdist(features, referee.known).amin(1) <= referee.reach
    expected = first.where((first == second) & near, -1)
    assert torch.equal(referee.classes(features, referee.logits(x)), expected)
    assert ((first == second) & ~near).any() and ((first != second) & near).any(), "either alone is a reason"


def test_the_reach_is_set_by_unseen_real_samples(trained: tuple[Referee, Reference]) -> None:
    referee, seen = trained
    unseen = referee.features(seen.real.samples[-(len(seen.real) // 10) :])
    near = (1.3 * torch.cdist(unseen, referee.known).amin(1) <= referee.reach).double().mean().item()
    assert near == pytest.approx(0.99, abs=1 / len(unseen))


def test_features_are_scaled_to_a_total_variance_of_1(trained: tuple[Referee, Reference]) -> None:
    referee, seen = trained
    training = seen.real.samples[: -(len(seen.real) // 10)]
    for part in referee.features(training).split(128, 1):
        assert part.var(0).sum().item() == pytest.approx(0.5, rel=1e-4)


def test_one_network_is_a_referee_of_its_own(trained: tuple[Referee, Reference]) -> None:
    referee, seen = trained
    x = seen.held.samples[:20]
    for k, architecture in enumerate(referee.networks):
        alone = Referee(steps=200, networks=[architecture])
        alone.prepare(seen)
        assert alone.digest == referee.digests[k] == referee.facts()["classifiers"][architecture]["digest"]
        torch.testing.assert_close(alone.features(x), 2**0.5 * referee.features(x)[:, 128 * k : 128 * (k + 1)])


@pytest.mark.parametrize("networks", [[], ["strided", "strided"]])
def test_networks_are_named_once(networks: list[Any]) -> None:
    with pytest.raises(ValueError, match="one architecture or more, each once: strided, residual"):
        Referee(networks=networks)


def test_features_are_what_the_last_layer_sees(trained: tuple[Referee, Reference]) -> None:
    referee, seen = trained
    x = seen.held.samples[:600]  # more than are read at a time
    features, logits = referee.features(x), referee.logits(x)
    assert features.shape == (600, 256) and logits.shape == (600, 10)
    assert features.dtype == torch.float32 and not features.requires_grad
    torch.testing.assert_close(sum(each(referee, features)) / 2, logits)


def test_it_is_kept(trained: tuple[Referee, Reference], capsys: pytest.CaptureFixture[str]) -> None:
    referee, seen = trained
    again = Referee(steps=200, least=0.5)  # how much is asked of it changes no weight
    capsys.readouterr()
    again.prepare(seen)
    assert capsys.readouterr().err == ""
    assert (again.digest, again.facts()) == (referee.digest, referee.facts())
    assert torch.equal(again.logits(seen.held.samples[:5]), referee.logits(seen.held.samples[:5]))
    stored = {hashlib.sha256(path.read_bytes()).hexdigest() for path in seen.cache.glob("referee-*.safetensors")}
    assert stored == {*referee.digests}


@pytest.mark.parametrize("ending", [".safetensors", ".json"])
def test_what_was_kept_and_is_damaged_is_trained_again(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], ending: str
) -> None:
    seen = of(Digits(), tmp_path)
    Referee(steps=3, least=0).prepare(seen)
    stored, _ = tmp_path.glob(f"*{ending}")
    good = stored.read_bytes()
    stored.write_bytes(good[:-1] + b"!")
    capsys.readouterr()
    Referee(steps=3, least=0).prepare(seen)
    told = capsys.readouterr().err
    assert "damaged and is trained again" in told and "Traceback" not in told
    assert stored.read_bytes() == good, "the same seed trains the same weights"


def test_weights_that_do_not_fit_leave_no_trace(tmp_path: Path) -> None:
    """A cached file with a part of the weights, and a digest that is right."""
    seen = of(Digits(), tmp_path)
    referee = Referee(steps=3, least=0, networks=["strided"])
    referee.prepare(seen)
    (facts,) = tmp_path.glob("referee-*.json")
    part = {name: value + 1 for name, value in referee.nets[0].state_dict().items() if name.startswith("head")}
    weight_cache.save(facts.with_suffix(""), part, {})
    again = Referee(steps=3, least=0, networks=["strided"])
    again.prepare(seen)
    assert again.digest == referee.digest


def test_other_data_and_other_settings_are_other_referees(tmp_path: Path) -> None:
    seen = of(Digits(), tmp_path)
    digests = set()
    for settings in ({"steps": 1}, {"steps": 2}, {"steps": 1, "seed": 1}):
        referee = Referee(**settings, least=0)
        referee.prepare(seen)
        digests.add(referee.digest)
    Referee(steps=1, least=0).prepare(replace(seen, real=seen.held, held=seen.real))
    assert len(digests) == 3
    assert len(list(tmp_path.glob("*.safetensors"))) == 2 * 4


def test_one_that_is_too_poor_is_refused(tmp_path: Path) -> None:
    message = r"it reads .* %.* below the minimum \(least = 0\.5\)\. Raise its steps \(now 1\), or .*raw"
    with pytest.raises(IncompatibleError, match=message):
        Referee(steps=1).prepare(of(Digits(), tmp_path))


class Noise(InMemoryDataset):
    """Images that tell nothing about their labels, four of five of which are 0."""

    spec = Spec((1, 8, 8), classes=2)

    def load(self) -> Batch:
        x = torch.randint(256, (400, 1, 8, 8), generator=torch.Generator().manual_seed(0), dtype=torch.uint8)
        return {"x": x, "y": (torch.arange(400) % 5 == 0).long()}


def test_one_that_only_knows_the_largest_class_is_refused(tmp_path: Path) -> None:
    """It reads more than half of the samples correctly, which would be enough if the classes were of one size."""
    data = Noise()
    message = r"it reads \d\d\.\d % .* no better than guessing: 8\d\.\d % of them .* ended after .* steps, when"
    with pytest.raises(IncompatibleError, match=message):
        Referee(steps=600).prepare(of(data, tmp_path))
    accepted = Referee(steps=600, least=0)
    accepted.prepare(of(data, tmp_path))
    assert accepted.accuracy > 0.5, "the limit on its own would let it pass"


class Rare(InMemoryDataset):
    """Class 0 in 9 of 10 examples; class 1 has a bright bar, class 2 looks like class 0."""

    spec = Spec((1, 8, 8), classes=3)
    class_names = ("plain", "bar", "hidden")

    def load(self) -> Batch:
        y = torch.tensor([1, 2] + 18 * [0]).repeat(20)
        x = torch.randint(100, (400, 1, 8, 8), generator=torch.Generator().manual_seed(0), dtype=torch.uint8)
        x[y == 1, :, :3] += 150
        return {"x": x, "y": y}


def test_a_rare_class_that_is_never_read_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """It passes, because it reads more than the largest class, but what it says of the third means nothing."""
    referee = Referee()
    referee.prepare(of(Rare(), tmp_path))
    held = of(Rare(), tmp_path).held.batch["y"]
    assert referee.accuracy == pytest.approx((held != 2).double().mean().item(), abs=0.02)
    assert referee.facts()["unread"] == ["hidden"]
    assert "reads no held-out sample of 'hidden' correctly" in capsys.readouterr().err


class OneClass(Noise):
    """Two classes, of which one has no example."""

    def load(self) -> Batch:
        return {"x": super().load()["x"], "y": torch.ones(400, dtype=torch.long)}


def test_data_of_one_class_are_refused_before_training(tmp_path: Path) -> None:
    """Whatever a classifier answers, all is right."""
    with pytest.raises(IncompatibleError, match=r"all held-out samples are of one class.*several classes, or .*raw"):
        Referee().prepare(of(OneClass(), tmp_path))
    assert not [*tmp_path.iterdir()]


def test_the_steps_really_taken_are_told_and_kept(tmp_path: Path) -> None:
    """Of 9,000 steps, 60 epochs over 180 samples are 84; a cached referee knows them, too."""
    for _ in range(2):
        referee = Referee(steps=9_000, least=0, networks=["strided"])
        referee.prepare(of(Noise(), tmp_path))
        assert referee.facts()["steps"] == referee.taken == [84]


def test_where_nothing_can_be_kept_it_serves_all_the_same(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "file").write_text("no folder")
    referee = Referee(steps=1, least=0)
    referee.prepare(of(Digits(), tmp_path / "file"))
    assert len(referee.digest) == 64
    assert "could not be cached" in capsys.readouterr().err


def test_points_with_labels(tmp_path: Path) -> None:
    referee = Referee(steps=100)
    referee.prepare(of(Ring(n=2000, labelled=True), tmp_path))
    assert referee.accuracies == [1, 1]  # neighbours lie 15 standard deviations apart
    assert referee.accuracy >= 0.97, "only what is unlikely is not recognized"
    assert referee.features(torch.zeros(3, 2)).shape == (3, 256)


@pytest.mark.parametrize(
    ("spec", "told"),
    [
        (Spec((1, 28, 28)), r"no labels\. Use labelled data, or .*rotations.*inception.*raw"),
        (Spec((2,)), "no labels"),
        (Spec((20,), vocab=9), "token ids"),
        (Spec((1, 6, 28), classes=10), "at least 8x8, not 6x28"),
    ],
)
def test_what_it_cannot_look_at(spec: Spec, told: str) -> None:
    with pytest.raises(IncompatibleError, match=told):
        Referee().check(spec)


@pytest.mark.parametrize("shape", [(1, 8, 8), (1, 28, 28), (3, 32, 32), (3, 96, 64), (3, 9, 200), (7,)])
def test_it_takes_images_of_any_size(shape: tuple[int, ...]) -> None:
    Referee().check(Spec(shape, classes=3))
    for architecture in ARCHITECTURES:
        assert Classifier(Spec(shape, classes=3), architecture)(torch.zeros(2, *shape)).shape == (2, 3)
