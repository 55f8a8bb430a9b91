"""The page of a run: what is in it, what is not, and what it does without weights, data, or files that are damaged."""

from __future__ import annotations

import re
from html import unescape
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ganzoo.diagnosis import Finding
from ganzoo.report import gather, page, pictures
from ganzoo.sampling.run import Run
from helpers import reported
from helpers.support import tiny, train

LOADS = re.compile(r"(?:src|href|action|data|poster)\s*=\s*[\"'](?!data:|#)|url\((?!#)|@import|<link|<iframe|<object")


@pytest.fixture(scope="module")
def letters(tmp_path_factory: pytest.TempPathFactory) -> Run:
    return reported.judged(reported.letters(tmp_path_factory.mktemp("runs")))


@pytest.fixture(scope="module")
def told(letters: Run) -> str:
    return page.render([(letters, None)])


@pytest.fixture(scope="module")
def evil(tmp_path_factory: pytest.TempPathFactory) -> str:
    return page.render([(reported.evil(reported.letters(tmp_path_factory.mktemp("runs"))), None)], with_samples=False)


def headings(text: str) -> list[str]:
    return [unescape(found) for found in re.findall(r"<h3>(.+?)</h3>", text)]


def test_everything_about_a_conditional_run(told: str, letters: Run) -> None:
    expected = ["Samples", "Each class", "Between samples", "Nearest training pictures", "Curves", "Scores"]
    assert headings(told) == ["Findings", *expected]
    assert re.findall(r'data-told="step (\d+)"( hidden)?', told) == [
        ("0", " hidden"),
        ("4", " hidden"),
        ("8", " hidden"),
        ("12", ""),
    ]
    assert all(f"<figcaption>{name}</figcaption>" in told for name in ("A", "B", "C", "real"))
    assert "generator/adversarial" in told and "frechet_distance@raw" in told
    assert re.search(
        r">40</td><td class=\"n\">12</td>\s*<td class=\"n\">30</td><td class=\"n\">8</td>\s*<td class=\"n\">9.5", told
    )
    assert 'data-chart="' in told and letters.folder.name in told


def test_nothing_is_loaded_and_only_our_script_may_run(told: str) -> None:
    assert LOADS.findall(told) == []
    assert "default-src &#39;none&#39;; img-src data:" in told
    assert re.search(r"script-src &#39;sha256-[\w+/]{43}=&#39;", told)
    assert told.count("<script>") == 1 and not re.search(r"\son\w+=", told.partition("<script>")[0])


def test_no_folder_of_this_machine_is_in_it(told: str, letters: Run) -> None:
    assert str(letters.folder.parent) not in told and str(Path.home()) not in told
    assert "/home/ann" not in told and "…/faces" in told


def test_names_are_text_and_secrets_are_not_told(evil: str) -> None:
    assert "<script>window" not in evil and "<img src=x" not in evil and "<i>B</i>" not in evil
    assert evil.count("&lt;script&gt;window.evil") >= 6
    assert "annabel" not in evil
    assert "reconstruction" in evil


def test_of_files_alone(letters: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Run, "load", None)
    drawn = page.render([(letters, None)], with_samples=False)
    assert "Samples" in headings(drawn) and "Each class" not in headings(drawn)


def test_points_are_plots(tmp_path: Path) -> None:
    drawn = page.render([(train(tiny("", "run.steps=2", "run.log=1"), tmp_path), None)])
    assert "Each line goes from one sample" in drawn
    assert "Nearest training pictures" not in headings(drawn)


def test_data_and_weights_that_are_gone_are_told(tmp_path: Path) -> None:
    data = tmp_path / "images.npz"
    np.savez(data, images=np.zeros((40, 8, 8), np.uint8))
    run = train(tiny(f'[dataset]\nuse = "npz"\npath = "{data}"', "run.steps=1"), tmp_path)
    data.unlink()
    text = page.render([(run, None)])
    assert "The data is not here" in text and "Between samples" in headings(text)
    assert str(tmp_path) not in text and "…/images.npz" in text
    for file in run.latest.glob("*"):
        file.unlink()
    (run.folder / "provenance.json").write_text("{")
    (run.samples / "step-00000001.png").write_bytes(b"no picture")
    assert "The weights cannot be loaded here" in page.render([(run, None)])


def test_several_runs_are_compared_first(letters: Run, tmp_path: Path) -> None:
    other = reported.judged(reported.letters(tmp_path, "generator.z_dim=6"), samples=300)
    text = page.render([(letters, None), (other, None)], with_samples=False)
    assert text.count('<section class="run') == 2 and 'href="#run-1"' in text
    assert re.search(r"generator.z_dim</code></td><td.*?>4<.*?>6<", text)
    assert "not comparable as it stands" in text and "samples (500, 300)" in text
    first = text.partition('<section class="run')[0]
    assert re.search(r"A tiny<b data-value>.*?B tiny<b data-value>", first, re.S)


def test_findings_are_told(letters: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    found = [Finding("generator_collapsed", "samples/diversity is 0.01 in /home/ann/runs", "run.seed=<2>", 40)]
    monkeypatch.setattr(gather, "diagnose", lambda run: found)
    text = page.render([(letters, None)], with_samples=False)
    assert "generator collapsed <small>since step 40</small>" in text
    assert "0.01 in …/runs" in text and "run.seed=&lt;2&gt;" in text
    found.clear()
    assert "None of the known symptoms" in page.render([(letters, None)], with_samples=False)


def test_token_ids_are_lines(letters: Run, tmp_path: Path) -> None:
    for step in (0, 5):
        (tmp_path / f"step-{step:08d}.txt").write_text(f"<b>line {step}</b>\n" * 50)
    made = pictures.frames(tmp_path)
    assert [frame.step for frame in made] == [0, 5]
    assert made[1].text.count("line 5") == pictures.LINES


def test_grids_are_bounded(tmp_path: Path) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (60, 60), dtype=np.uint8)
    for step in range(60):
        Image.fromarray(noise).save(tmp_path / f"step-{step:08d}.png", compress_level=0)
    made = pictures.frames(tmp_path)
    assert len(made) == pictures.STEPS and (made[0].step, made[-1].step) == (0, 59)
    assert sum(frame.printed for frame in made) == 3 and made[-1].printed
    assert made[-1].picture and made[-1].picture.width == 5 * 60  # near to SEEN
    few = pictures.frames(tmp_path, budget=5 * len(made[-1].picture.address))
    assert [frame.step for frame in few] == [0, 15, 30, 44, 59]
