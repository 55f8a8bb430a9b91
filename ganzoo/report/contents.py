"""Contents of a report: plain data from run folders, without local paths or names of users and machines."""

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
from ganzoo.report import chart, curves, pictures, recipe, samples, scores
from ganzoo.report.curves import Chart, Curve
from ganzoo.report.pictures import Frame, Picture
from ganzoo.report.recipe import Change, RecipeThatRan
from ganzoo.report.samples import GeneratedSamples
from ganzoo.runs import layout, status
from ganzoo.sampling.run import Run
from ganzoo.utils.redact import Redactor

LABELLED = 3  # settings in the label of a run
QUOTE = '"'


@dataclass(frozen=True)
class Contents:
    """All that a report shows of one run.

    `findings` has name, evidence, change and since_step of each finding, or is None if diagnosis failed; `settings`
    are those of the resolved recipe, by table.
    """

    name: str
    recipe_name: str
    dataset: str
    gan: str
    paper: str
    state: str
    note: str
    facts: list[tuple[str, str]]
    findings: list[dict[str, Any]] | None
    frames: list[Frame]
    real: Frame | None
    panels: list[tuple[str, Picture]]
    generated: GeneratedSamples | None
    charts: list[tuple[Chart, Markup]]
    score_charts: list[tuple[Chart, Markup]]
    scores: list[scores.Row]
    recipe: RecipeThatRan
    settings: dict[str, dict[str, str]]
    provenance: dict[str, Any]
    curves: Mapping[str, Curve]

    @property
    def title(self) -> str:
        """The recipe, its GAN and its data, in words."""
        return f"{self.recipe_name}: {self.gan or 'a GAN'} trained on {self.dataset}"

    @property
    def step(self) -> str:
        """The last step, and the length of the training."""
        return dict(self.facts)["step"]

    @property
    def problems(self) -> list[str]:
        """The names of the findings; "unknown" where diagnosis failed."""
        return ["unknown"] if self.findings is None else [finding["name"] for finding in self.findings]

    @property
    def last_frame(self) -> str:
        """The step of the last samples; "" without any."""
        return f"{self.frames[-1].step:,}" if self.frames else ""


def collect(run: Run, checkpoint: Path | None, scrub: Redactor, number: int, of: int, with_samples: bool) -> Contents:
    """Collect the contents of a report on one run.

    Args:
        run: The run.
        checkpoint: The checkpoint to sample from, or None for the newest.
        scrub: Removes local paths and names.
        number: Number of the run in the report, from 0.
        of: Number of runs in the report, which share the space for pictures.
        with_samples: Generate new samples.

    Returns:
        The contents.

    Raises:
        RunError: The run folder lacks files that every run has.
    """
    resolved = run.resolved
    report = status.report(run.folder)
    rows = list(run.metrics())
    lines = curves.read(rows)
    about = resolved["recipe"].get("about", {})
    results = run.scores()
    return Contents(
        name=scrub(run.folder.name),
        recipe_name=scrub(resolved["name"]),
        dataset=scrub(_component(resolved["recipe"], "dataset")),
        gan=scrub(str(about.get("gan", ""))),
        paper=scrub(str(about.get("paper", ""))),
        state=report.state,
        note="" if report.state == "dead" else scrub(report.note),
        facts=_facts(resolved, report, rows, run.spec.shape),
        findings=scrub(findings(run)),
        frames=_scrubbed(pictures.frames(run.samples, min(pictures.BUDGET, pictures.TOTAL // of)), scrub),
        real=_real(run.samples),
        panels=pictures.panels(run.samples),
        generated=samples.generate(run, checkpoint) if with_samples else None,
        charts=_svgs(curves.charts(lines), f"chart-{number}"),
        score_charts=_svgs(scores.charts(results), f"score-{number}"),
        scores=[replace(row, protocol=scrub(row.protocol)) for row in scores.rows(results)],
        recipe=_scrubbed_recipe(recipe.read(run), scrub),
        settings=_tables(scrub(resolved["recipe"])),
        provenance=_provenance(run, scrub),
        curves=lines,
    )


def find_runs(paths: Sequence[Path]) -> list[tuple[Run, Path | None]]:
    """Find the runs of a report.

    Args:
        paths: Run folders, checkpoints, or folders of runs, which stand for their newest run.

    Returns:
        The runs, each with its checkpoint, or None unless the path is one.

    Raises:
        RunError: A path leads to no run.
    """
    return [Run.find(path) for path in paths]


def findings(run: Run) -> list[dict[str, Any]] | None:
    """Return name, evidence, change and since_step of each finding, or None if diagnosis failed."""
    try:
        return [asdict(finding) for finding in diagnose(run)]
    except (GanzooError, ValueError, KeyError):
        return None


def _facts(
    resolved: Mapping[str, Any], report: status.Report, rows: Sequence[Mapping[str, Any]], shape: Iterable[int]
) -> list[tuple[str, str]]:
    recipe = resolved["recipe"]
    run = recipe.get("run", {})
    speeds = sorted(row["images_per_second"] for row in rows if row.get("images_per_second"))
    facts = [
        ("step", f"{report.step:,} of {report.steps:,}" if report.steps else f"{report.step:,}"),
        ("data", f"{_component(recipe, 'dataset')}, {' × '.join(map(str, shape))}"),
        ("procedure", _component(recipe, "procedure")),
        ("batch", str(run.get("batch_size", ""))),
        ("seed", str(run.get("seed", ""))),
        ("speed", f"{speeds[len(speeds) // 2]:,.0f} images/s" if speeds else ""),
        ("last seen", report.heartbeat.replace("T", " ").removesuffix("+00:00") + " UTC" if report.heartbeat else ""),
    ]
    return [(name, value) for name, value in facts if value]


def _component(recipe: Mapping[str, Any], table: str) -> str:
    return str(recipe.get(table, {}).get("use", "")).removeprefix("ganzoo/")


def _svgs(charts: Iterable[Chart], name: str) -> list[tuple[Chart, Markup]]:
    return [(item, chart.svg(item, f"{name}-{k}")) for k, item in enumerate(charts)]


def _real(folder: Path) -> Frame | None:
    if picture := pictures.read(folder / layout.REAL, pictures.WIDTH):
        return Frame(0, picture)
    lines = pictures.read_lines(folder / "real.txt")
    return Frame(0, text="\n".join(lines)) if lines else None


def _scrubbed(frames: list[Frame], scrub: Redactor) -> list[Frame]:
    return [replace(frame, text=scrub(frame.text)) for frame in frames]


def _scrubbed_recipe(ran: RecipeThatRan, scrub: Redactor) -> RecipeThatRan:
    changes = [Change(scrub(change.setting), scrub(change.value), scrub(change.given)) for change in ran.changes]
    return RecipeThatRan(scrub(ran.text), tuple(changes))


def _provenance(run: Run, scrub: Redactor) -> dict[str, Any]:
    try:
        return scrub.provenance(run.provenance)
    except RunError:
        return {}


def _tables(recipe: Mapping[str, Any]) -> dict[str, dict[str, str]]:
    """Return the settings of each table of a resolved recipe, as one would type them; lists of tables are numbered."""
    tables: dict[str, dict[str, str]] = {}
    for name, value in recipe.items():
        several = value if isinstance(value, list) else [value]
        for k, table in enumerate(several, 1):
            title = f"{name} {k}" if len(several) > 1 else name
            tables[title] = {key: _typed(setting) for key, setting in parser.flat(table)}
    return tables


def _typed(value: Any) -> str:
    return json.dumps(value.removeprefix("ganzoo/") if isinstance(value, str) else value, ensure_ascii=False)


def labels(runs: Sequence[Contents], seeded: bool = True) -> list[str]:
    """Return what tells each run from the others: the settings that differ, or the name of its recipe.

    Args:
        runs: The runs.
        seeded: Name their seeds as well, if they differ.

    Returns:
        A label for each.
    """
    rows = [row for row in differences(runs) if seeded or row[0] != "run.seed"]
    switched = {name.removesuffix(".use") for name, _ in rows if name.endswith(".use")}
    rows = [row for row in rows if row[0].endswith(".use") or row[0].rpartition(".")[0] not in switched]
    chosen = [row for row in rows if row[0] != "run.seed"][:LABELLED] + [row for row in rows if row[0] == "run.seed"]
    is_named = len({run.recipe_name for run in runs}) > 1 or not chosen
    return [
        ", ".join(
            [run.recipe_name] * is_named + [f"{_short(name)}={values[k].strip(QUOTE)}" for name, values in chosen]
        )
        for k, run in enumerate(runs)
    ]


def _short(setting: str) -> str:
    """Return "z_dim" for generator.z_dim, and "loss" for loss.use."""
    return setting.removesuffix(".use").rpartition(".")[2]


def differences(runs: Sequence[Contents]) -> list[tuple[str, list[str]]]:
    """Return the settings that are not equal in all runs, each with its value in every run."""
    settings = [
        {f"{table}.{key}": value for table, keys in run.settings.items() for key, value in keys.items()} for run in runs
    ]
    names = dict.fromkeys(name for run in settings for name in run if not name.startswith("about."))
    rows = [(name, [run.get(name, "") for run in settings]) for name in names]
    return [(name, values) for name, values in rows if len(set(values)) > 1]
