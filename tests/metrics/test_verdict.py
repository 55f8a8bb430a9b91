"""The verdict: of scores that are made up, and of samples that are damaged on purpose."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from torch import Tensor

import planted
from ganzoo.config import instantiate
from ganzoo.metrics.evaluator import Evaluator
from ganzoo.metrics.verdict import Verdict, plain, verdict
from ganzoo.registry import discovery
from ganzoo.runs.scores import Score, covers, place
from ganzoo_builtins.datasets.glyphs import Glyphs
from helpers.support import tiny

GOOD = {
    "frechet_distance": (0.02, 0.01),
    "recall": (0.80, 0.86),
    "coverage": (0.90, 0.96),
    "class_coverage": (10, 10),
    "copies": (0.0, 0.0),
    "gan_test": (0.95, 0.98),
    "high_frequency_power": (1.1, 1.0),
}


def judged(**changed: tuple[float, float | None]) -> Verdict:
    scores = (GOOD | changed).items()
    return verdict(Score(1, f"{name}@referee", value, floor, "", {}) for name, (value, floor) in scores)


def test_good_scores_are_near_the_data_and_need_nothing() -> None:
    assert judged().text == "Near the data: recall 0.80 (real 0.86), coverage 0.90 (real 0.96), 10 of 10 classes."
    assert judged().level == "near" and judged().advice == ""


@pytest.mark.parametrize(
    ("name", "value", "level"),
    [
        ("recall", (0.085, 0.86), "far"),
        ("recall", (0.087, 0.86), "between"),
        ("recall", (0.64, 0.86), "between"),
        ("recall", (0.65, 0.86), "near"),
        ("coverage", (0.09, 0.96), "far"),
        ("class_coverage", (8, 10), "far"),
        ("class_coverage", (9, 10), "between"),
        ("frechet_distance", (0.03, 0.01), "near"),
        ("frechet_distance", (0.031, 0.01), "between"),
        ("frechet_distance", (1.01, 0.01), "far"),
        ("copies", (0.04, 0.0), "near"),
        ("copies", (0.06, 0.0), "copies"),
        ("gan_test", (0.87, 0.98), "between"),
        ("high_frequency_power", (1.26, 1.0), "between"),
        ("high_frequency_power", (0.79, 1.0), "between"),
        ("high_frequency_power", (0.81, 1.0), "near"),
    ],
)
def test_each_score_alone_decides(name: str, value: tuple[float, float], level: str) -> None:
    assert judged(**{name: value}).level == level


def test_a_collapse_is_told_with_what_to_try() -> None:
    told = judged(recall=(0.0, 0.86), class_coverage=(5, 10), frechet_distance=(5.0, 0.01)).text
    assert told == (
        "Far from the data: distance 500 times that of real samples, recall 0.00 (real 0.86), coverage 0.90 "
        "(real 0.96), 5 of 10 classes. Next: if it still improves, more steps; if not, a remedy for mode collapse "
        "(docs/diagnosis.md)."
    )


def test_speckle_and_blur_are_told_by_the_power() -> None:
    assert (
        "speckled (power at high frequencies 3 times that of real samples)"
        in judged(high_frequency_power=(3.0, 1.0)).text
    )
    assert "blurred (power at high frequencies 0.5 times" in judged(high_frequency_power=(0.5, 1.0)).text


def test_without_scores_that_tell_there_is_none() -> None:
    result = verdict([Score(1, "parzen", 200.0, 240.0, "higher", {})])
    assert result.level == "unknown" and result.reasons == () and result.text.startswith("No verdict")
    assert plain(result)["level"] == "unknown"


def test_a_recall_of_a_tenth_is_enough_and_an_unknown_one_does_not_count() -> None:
    def recall(value: float, floor: float | None) -> Score:
        return Score(1, "recall@raw", value, floor, "higher", {})

    assert covers(recall(0.081, 0.8)) and not covers(recall(0.0799, 0.8))
    assert covers(None) and covers(recall(0.0, None))


def test_scores_are_read_in_one_order() -> None:
    names = ["parzen", "recall@raw", "gan_test@referee", "frechet_distance@raw", "coverage@raw", "precision@raw"]
    ordered = sorted(names, key=place)
    assert [name.partition("@")[0] for name in ordered] == [
        "frechet_distance", "recall", "precision", "coverage", "gan_test", "parzen",
    ]  # fmt: skip


LETTERS = "ABCDEF"
METRICS = ("frechet_distance", "precision_recall", "density_coverage", "nearest_neighbour", "class_coverage")


@pytest.fixture(scope="module")
def evaluator(tmp_path_factory: pytest.TempPathFactory) -> Evaluator:
    """A referee of 150 steps for six letters, of which 1,800 are for training and 300 held out."""
    tables = "".join(f"[[metric]]\nuse = '{name}'\n" for name in (*METRICS, "high_frequency_power"))
    recipe = tiny(
        f"{tables}[extractor]\nuse = 'referee'\nsteps = 150\n",
        "dataset.use=glyphs",
        f"dataset.characters={LETTERS}",
        "dataset.n=1800",
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GANZOO_CACHE", str(tmp_path_factory.mktemp("cache")))
        evaluator = Evaluator(recipe, instantiate.dataset(recipe), discovery.load().zoo, conditional=False)
        evaluator.prepare()
    return evaluator


def fresh(n: int) -> Tensor:
    """Return real letters that are neither trained on nor held out."""
    whole = Glyphs(characters=LETTERS, n=n, seed=99).tensors()["x"]
    return whole.float() / 127.5 - 1


@pytest.mark.parametrize(
    ("damage", "level", "words"),
    [
        (lambda x: x, ("near",), "6 of 6 classes"),
        (planted.collapsed, ("far",), "recall 0.00"),
        (lambda x: x[:1].expand_as(x), ("far",), "1 of 6 classes"),
        (lambda x: planted.salted(x, 0.03), ("between", "far"), "speckled"),
        (lambda x: planted.blurred(x, 1.0), ("between", "far"), "blurred"),
    ],
    ids=["real", "collapsed", "one", "speckled", "blurred"],
)
def test_damaged_letters_are_told(
    evaluator: Evaluator, damage: Callable[[Tensor], Tensor], level: tuple[str, ...], words: str
) -> None:
    result = verdict(evaluator(lambda n, y, seed: damage(fresh(n)), 1, {}))
    assert result.level in level, result.text
    assert words in result.text


def test_training_samples_are_copies(evaluator: Evaluator) -> None:
    result = verdict(evaluator(lambda n, y, seed: evaluator.reference.real.samples[:n], 1, {}))
    assert result.level == "copies"
    assert "100% of the samples are copies" in result.text
