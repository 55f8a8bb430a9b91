"""Lines of scores.jsonl: what is read of a file that somebody or something damaged."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from ganzoo.metrics import best
from ganzoo.runs import scores
from ganzoo.runs.scores import Score

ONE = Score(3, "modes", 7.0, 8.0, "higher", {"samples": 5})
WHOLE = '{"step": 2, "name": "modes", "value": 1.0, "floor": null, "better": "higher", "protocol": {}}'


@pytest.mark.parametrize(
    "line",
    [
        WHOLE[:40],
        "[]",
        WHOLE.replace("1.0", '"1.0"'),
        WHOLE.replace("1.0", "null"),
        WHOLE.replace("1.0", "NaN"),
        WHOLE.replace("{}", "null"),
        WHOLE.replace("2", '"2"'),
        WHOLE.replace("null", '"8"'),
    ],
)
def test_a_line_that_is_no_score_is_passed_over(line: str, tmp_path: Path) -> None:
    path = tmp_path / "scores.jsonl"
    path.write_text(f"{WHOLE}\n{line}\n")
    scores.append(path, [ONE])
    assert [one.value for one in scores.read(path)] == [1.0, 7.0]


def test_what_is_added_to_a_line_that_was_cut_off_stands_on_its_own(tmp_path: Path) -> None:
    path = tmp_path / "scores.jsonl"
    path.write_text(WHOLE + "\n" + WHOLE[:20])
    scores.append(path, [ONE])
    scores.append(path, [ONE])
    assert [*scores.read(path)][1:] == [ONE, ONE]
    assert len(path.read_text().splitlines()) == 4


def test_the_best_is_best_among_scores_of_its_own_terms() -> None:
    def scored(value: float, **told: object) -> Score:
        return replace(ONE, value=value, protocol={"samples": 5, "versions": {"torch": "1"}, **told})

    assert best.is_best(scored(7.0), [scored(6.0), scored(5.0)])
    assert not best.is_best(scored(7.0), [scored(7.0)])
    assert not best.is_best(scored(7.0), [scored(8.0, versions={"torch": "2"})])
    assert best.is_best(scored(7.0), [scored(8.0, samples=6), scored(8.0, seed=1), replace(scored(8.0), name="other")])
    assert not best.is_best(replace(scored(7.0), better="lower"), [scored(6.0)])
