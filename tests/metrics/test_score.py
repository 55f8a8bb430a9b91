"""Lines of scores.jsonl: what is read of a file that somebody or something damaged."""

from __future__ import annotations

from pathlib import Path

import pytest

from ganzoo.metrics import score
from ganzoo.metrics.score import Score

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
    score.append(path, [ONE])
    assert [one.value for one in score.read(path)] == [1.0, 7.0]


def test_what_is_added_to_a_line_that_was_cut_off_stands_on_its_own(tmp_path: Path) -> None:
    path = tmp_path / "scores.jsonl"
    path.write_text(WHOLE + "\n" + WHOLE[:20])
    score.append(path, [ONE])
    score.append(path, [ONE])
    assert [*score.read(path)][1:] == [ONE, ONE]
    assert len(path.read_text().splitlines()) == 4
