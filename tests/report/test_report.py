"""Reports of runs: contents, privacy, and reports without weights, without data, or with damaged files."""

from __future__ import annotations

import re
from html import unescape
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ganzoo.diagnosis import Finding
from ganzoo.report import contents, page, pictures
from ganzoo.sampling.run import Run
from helpers import reported
from helpers.support import tiny, train

LOADS = re.compile(r"(?:src|href|action|data|poster)\s*=\s*[\"'](?!data:|#)|url\((?!#)|@import|<link|<iframe|<object")


@pytest.fixture(scope="module")
def letters(tmp_path_factory: pytest.TempPathFactory) -> Run:
    return reported.judged(reported.letters(tmp_path_factory.mktemp("runs")))


@pytest.fixture(scope="module")
def text(letters: Run) -> str:
    return page.render([(letters, None)])


@pytest.fixture(scope="module")
def evil(tmp_path_factory: pytest.TempPathFactory) -> str:
    return page.render([(reported.evil(reported.letters(tmp_path_factory.mktemp("runs"))), None)], with_samples=False)


def headings(text: str) -> list[str]:
    return [unescape(heading) for heading in re.findall(r"<h3>(.+?)</h3>", text)]


def test_report_of_a_conditional_run(text: str, letters: Run) -> None:
    expected = ["Samples", "Classes", "Interpolations", "Nearest training pictures", "Curves", "Scores"]
    assert headings(text) == ["Findings", *expected]
    assert re.findall(r'data-label="step (\d+)"( hidden)?', text) == [
        ("0", " hidden"),
        ("4", " hidden"),
        ("8", " hidden"),
        ("12", ""),
    ]
    assert all(f"<figcaption>{name}</figcaption>" in text for name in ("A", "B", "C", "real"))
    assert "generator/adversarial" in text and "frechet_distance@raw" in text
    assert re.search(
        r">40</td><td class=\"n\">12</td>\s*<td class=\"n\">30</td><td class=\"n\">8</td>\s*<td class=\"n\">9.5", text
    )
    assert 'data-chart="' in text and letters.folder.name in text


def test_nothing_is_loaded_and_only_our_script_may_run(text: str) -> None:
    assert LOADS.findall(text) == []
    assert "default-src &#39;none&#39;; img-src data:" in text
    assert re.search(r"script-src &#39;sha256-[\w+/]{43}=&#39;", text)
    assert text.count("<script>") == 1 and not re.search(r"\son\w+=", text.partition("<script>")[0])


def test_local_folders_are_removed(text: str, letters: Run) -> None:
    assert str(letters.folder.parent) not in text and str(Path.home()) not in text
    assert "/home/ann" not in text and "…/faces" in text


def test_names_are_escaped_and_private_names_removed(evil: str) -> None:
    assert "<script>window" not in evil and "<img src=x" not in evil and "<i>B</i>" not in evil
    assert evil.count("&lt;script&gt;window.evil") >= 6
    assert "annabel" not in evil
    assert "reconstruction" in evil


def test_report_without_new_samples(letters: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Run, "load", None)
    text = page.render([(letters, None)], with_samples=False)
    assert "Samples" in headings(text) and "Classes" not in headings(text)


def test_points_are_plots(tmp_path: Path) -> None:
    text = page.render([(train(tiny("", "run.steps=2", "run.log=1"), tmp_path), None)])
    assert "Each line goes from one sample" in text
    assert "Nearest training pictures" not in headings(text)


def test_missing_data_and_weights_are_mentioned(tmp_path: Path) -> None:
    data = tmp_path / "images.npz"
    np.savez(data, images=np.zeros((40, 8, 8), np.uint8))
    run = train(tiny(f'[dataset]\nuse = "npz"\npath = "{data}"', "run.steps=1"), tmp_path)
    data.unlink()
    text = page.render([(run, None)])
    assert "The data are not available" in text and "Interpolations" in headings(text)
    assert str(tmp_path) not in text and "…/images.npz" in text
    for file in run.latest.glob("*"):
        file.unlink()
    (run.folder / "provenance.json").write_text("{")
    (run.samples / "step-00000001.png").write_bytes(b"no picture")
    assert "The weights cannot be loaded" in page.render([(run, None)])


def test_several_runs_are_compared_first(letters: Run, tmp_path: Path) -> None:
    other = reported.judged(reported.letters(tmp_path, "generator.z_dim=6"), samples=300)
    text = page.render([(letters, None), (other, None)], with_samples=False)
    assert text.count('<section class="run') == 2 and 'href="#run-1"' in text
    assert re.search(r"generator.z_dim</code></td><td.*?>4<.*?>6<", text)
    assert "not comparable" in text and "samples (500, 300)" in text
    first = text.partition('<section class="run')[0]
    assert re.search(r"A z_dim=4<b data-value>.*?B z_dim=6<b data-value>", first, re.S)


def test_findings_are_shown(letters: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    findings = [Finding("generator_collapsed", "samples/diversity is 0.01 in /home/ann/runs", "run.seed=<2>", 40)]
    monkeypatch.setattr(contents, "diagnose", lambda run: findings)
    text = page.render([(letters, None)], with_samples=False)
    assert "generator collapsed <small>since step 40</small>" in text
    assert "0.01 in …/runs" in text and "run.seed=&lt;2&gt;" in text
    findings.clear()
    assert "No known problem" in page.render([(letters, None)], with_samples=False)


def test_token_ids_are_lines(letters: Run, tmp_path: Path) -> None:
    for step in (0, 5):
        (tmp_path / f"step-{step:08d}.txt").write_text(f"<b>line {step}</b>\n" * 50)
    frames = pictures.frames(tmp_path)
    assert [frame.step for frame in frames] == [0, 5]
    assert frames[1].text.count("line 5") == pictures.LINES


def test_grids_are_bounded(tmp_path: Path) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (60, 60), dtype=np.uint8)
    for step in range(60):
        Image.fromarray(noise).save(tmp_path / f"step-{step:08d}.png", compress_level=0)
    frames = pictures.frames(tmp_path)
    assert len(frames) == pictures.STEPS and (frames[0].step, frames[-1].step) == (0, 59)
    assert sum(frame.printed for frame in frames) == 3 and frames[-1].printed
    assert frames[-1].picture and frames[-1].picture.width == 5 * 60  # near to WIDTH
    few = pictures.frames(tmp_path, budget=5 * len(frames[-1].picture.address))
    assert [frame.step for frame in few] == [0, 15, 30, 44, 59]
