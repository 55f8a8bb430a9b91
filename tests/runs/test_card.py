"""A run as HTML for notebooks."""

from __future__ import annotations

import base64
from pathlib import Path

from ganzoo.runs import card, scores
from ganzoo.runs.folder import RunFolder
from ganzoo.runs.scores import Score, Scores

SCORE = Score(7, "recall@raw", 0.25, 0.5, "higher", {})
ROW = "<tr><td>7</td><td>recall@raw</td><td>0.25</td><td>0.5</td><td>higher</td></tr>"


def test_a_score_and_scores_are_tables() -> None:
    assert ROW in SCORE._repr_html_()
    assert Scores([SCORE, SCORE])._repr_html_().count(ROW) == 2


def test_a_run_shows_its_state_numbers_and_newest_grid(tmp_path: Path) -> None:
    run = RunFolder(tmp_path / "<run>")
    run.samples.mkdir(parents=True)
    run.write_status("running", 7, steps=10)
    run.metrics_log.append(5, {"generator/adversarial": 0.5})
    run.metrics_log.append(7, {"generator/adversarial": 0.125})
    scores.append(run.folder / "scores.jsonl", [SCORE])
    for step, content in ((5, b"old"), (7, b"new")):
        (run.samples / f"step-{step:08d}.png").write_bytes(content)
    shown = card.html(run)
    assert "&lt;run&gt;</b>: running, step 7 of 10" in shown
    assert "<code>generator/adversarial 0.125</code>" in shown and ROW in shown
    assert base64.b64encode(b"new").decode() in shown and base64.b64encode(b"old").decode() not in shown


def test_an_empty_folder_shows_its_name_alone(tmp_path: Path) -> None:
    assert card.html(RunFolder(tmp_path)) == f"<b>{tmp_path}</b><div></div>"
