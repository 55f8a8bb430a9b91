"""From run folders to plain data: all that the page shows, scrubbed, with no path of this machine in it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from markupsafe import Markup

from ganzoo.config import parser
from ganzoo.diagnosis import diagnose
from ganzoo.errors import GanzooError, RunError
from ganzoo.report import chart, curves, pictures, scores
from ganzoo.report.curves import Chart, Curve
from ganzoo.report.drawn import Drawn, draw
from ganzoo.report.pictures import Frame, Picture
from ganzoo.runs import layout, status
from ganzoo.sampling.run import Run
from ganzoo.utils.redact import Redactor


@dataclass(frozen=True)
class Told:
    """One run. findings: name, evidence, change and since_step of each; None where nobody could look."""

    name: str
    recipe_name: str
    gan: str
    paper: str
    state: str
    note: str
    facts: list[tuple[str, str]]
    findings: list[dict[str, Any]] | None
    frames: list[Frame]
    real: Frame | None
    panels: list[tuple[str, Picture]]
    drawn: Drawn | None
    charts: list[tuple[Chart, Markup]]
    scored: list[tuple[Chart, Markup]]
    scores: list[scores.Row]
    recipe: str
    settings: dict[str, dict[str, str]]
    provenance: dict[str, Any]
    curves: Mapping[str, Curve]


def gather(run: Run, checkpoint: Path | None, scrub: Redactor, number: int, of: int, with_samples: bool) -> Told:
    """The run of this number, `of` so many in a page. Errors: RunError for a folder without what every run has."""
    resolved, now = run.resolved, status.report(run.folder)
    rows = list(run.metrics())
    found = curves.read(rows)
    spec = run.spec
    about = resolved["recipe"].get("about", {})
    judged = run.scores()
    drawn = draw(run, checkpoint) if with_samples else None
    return Told(
        name=scrub(run.folder.name),
        recipe_name=scrub(resolved["name"]),
        gan=scrub(str(about.get("gan", ""))),
        paper=scrub(str(about.get("paper", ""))),
        state=now.state,
        note="" if now.state == "dead" else scrub(now.note),
        facts=_facts(resolved, now, rows, spec.shape),
        findings=scrub(findings(run)),
        frames=_scrubbed(pictures.frames(run.samples, min(pictures.BUDGET, pictures.TOTAL // of)), scrub),
        real=_real(run.samples),
        panels=pictures.panels(run.samples),
        drawn=drawn,
        charts=_svgs(curves.charts(found), f"chart-{number}"),
        scored=_svgs(scores.charts(judged), f"score-{number}"),
        scores=[replace(row, protocol=scrub(row.protocol)) for row in scores.rows(judged)],
        recipe=scrub(next((path.read_text(errors="replace") for path in sorted(run.folder.glob("recipe.*"))), "")),
        settings=_tables(scrub(resolved["recipe"])),
        provenance=_provenance(run, scrub),
        curves=found,
    )


def found(places: Sequence[Path]) -> list[tuple[Run, Path | None]]:
    """The runs of run folders, checkpoints, or folders of runs: the newest one inside. Errors: RunError."""
    return [Run.find(place) for place in places]


def findings(run: Run) -> list[dict[str, Any]] | None:
    """What is likely to have gone wrong: name, evidence, change, since_step of each finding."""
    try:
        return [asdict(one) for one in diagnose(run)]
    except (GanzooError, ValueError, KeyError):
        return None


def _facts(
    resolved: Mapping[str, Any], now: status.Report, rows: Sequence[Mapping[str, Any]], shape: Iterable[int]
) -> list[tuple[str, str]]:
    recipe = resolved["recipe"]
    run = recipe.get("run", {})
    speeds = sorted(row["images_per_second"] for row in rows if row.get("images_per_second"))
    facts = [
        ("step", f"{now.step:,} of {now.steps:,}" if now.steps else f"{now.step:,}"),
        ("data", f"{_use(recipe, 'dataset')}, {' × '.join(map(str, shape))}"),
        ("procedure", _use(recipe, "procedure")),
        ("batch", str(run.get("batch_size", ""))),
        ("seed", str(run.get("seed", ""))),
        ("speed", f"{speeds[len(speeds) // 2]:,.0f} images/s" if speeds else ""),
        ("last seen", now.heartbeat.replace("T", " ").removesuffix("+00:00") + " UTC" if now.heartbeat else ""),
    ]
    return [(name, value) for name, value in facts if value]


def _use(recipe: Mapping[str, Any], table: str) -> str:
    return str(recipe.get(table, {}).get("use", "")).removeprefix("ganzoo/")


def _svgs(charts: Iterable[Chart], name: str) -> list[tuple[Chart, Markup]]:
    return [(one, chart.svg(one, f"{name}-{k}")) for k, one in enumerate(charts)]


def _real(samples: Path) -> Frame | None:
    if picture := pictures.read(samples / layout.REAL, pictures.SEEN):
        return Frame(0, picture)
    path = samples / "real.txt"
    if not path.is_file():
        return None
    return Frame(0, text="\n".join(path.read_text(errors="replace").splitlines()[: pictures.LINES]))


def _scrubbed(frames: list[Frame], scrub: Redactor) -> list[Frame]:
    return [Frame(one.step, one.picture, scrub(one.text), one.printed) for one in frames]


def _provenance(run: Run, scrub: Redactor) -> dict[str, Any]:
    try:
        return scrub.provenance(run.provenance)
    except RunError:
        return {}


def _tables(recipe: Mapping[str, Any]) -> dict[str, dict[str, str]]:
    """Each table of a resolved recipe, and each of several of a kind, with its settings as they would be typed."""
    found: dict[str, dict[str, str]] = {}
    for name, table in recipe.items():
        several = table if isinstance(table, list) else [table]
        for k, one in enumerate(several, 1):
            title = f"{name} {k}" if len(several) > 1 else name
            found[title] = {key: _typed(value) for key, value in parser.flat(one)}
    return found


def _typed(value: Any) -> str:
    return json.dumps(value.removeprefix("ganzoo/") if isinstance(value, str) else value, ensure_ascii=False)


def differences(runs: Sequence[Told]) -> list[tuple[str, list[str]]]:
    """Settings that are not the same in all runs, each with its value in each."""
    every = [{f"{table}.{key}": v for table, one in run.settings.items() for key, v in one.items()} for run in runs]
    names = dict.fromkeys(name for one in every for name in one if not name.startswith("about."))
    rows = [(name, [one.get(name, "") for one in every]) for name in names]
    return [(name, values) for name, values in rows if len(set(values)) > 1]
