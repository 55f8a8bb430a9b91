"""README.md of an export: a model card, as the Hub shows it."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from ganzoo.runs.scores import Score
from ganzoo.sampling.run import Run
from ganzoo.sharing.config import Config
from ganzoo.utils.redact import Redactor

TERMS = ("samples", "seed", "weights")  # of a protocol, in the one line that the Hub shows
GENERATES, TRANSLATES, OTHER = "unconditional-image-generation", "image-to-image", "other"  # as the Hub names tasks


def text(made: Config, run: Run, license: str, files: Collection[str]) -> str:
    """Front matter for the Hub, then how to load the model, what it was trained on and how it was judged.

    files: what is in the folder.
    """
    from huggingface_hub import ModelCardData  # brings an HTTP client along

    scores = [score for score in run.scores() if score.step == made.step]
    resolved = run.resolved["recipe"]
    about, data = resolved.get("about", {}), resolved["dataset"]["use"]
    gan, task = about.get("gan") or made.name, _task(made)
    front = ModelCardData(
        library_name="ganzoo",
        pipeline_tag=task,
        tags=["gan", "ganzoo", "pytorch"],
        license=license or None,
        metrics=sorted({score.name for score in scores}) or None,
        model_name=made.name,
        eval_results=[_result(score, task, data) for score in scores] or None,
    )
    parts = [
        f"---\n{front.to_yaml()}\n---",
        f"# {_plain(made.name)}",
        f"{_plain(gan)}{_paper(about)}, trained on `{data}` for {made.step:,} steps with "
        "[ganzoo](https://pypi.org/project/ganzoo-torch/).",
        "![Samples](samples.png)" if "samples.png" in files else "",
        _use(made),
        _about(made, run, data, license),
        _judged(scores),
        _files(made),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _task(made: Config) -> str:
    if "dataset" in made.components:
        return TRANSLATES
    return GENERATES if made.spec.spec.is_image else OTHER


def _use(made: Config) -> str:
    installs = " ".join(["ganzoo-torch", *made.plugins])
    drawn = "model.sample(16, seed=0)" if "dataset" not in made.components else "model.translate(images, seed=0)"
    lines = ["```sh", f"pip install {installs}", "```", "", "```python", "import ganzoo", ""]
    lines += ['model = ganzoo.load("OWNER/NAME")  # of the Hub, or this folder', f"samples = {drawn}", "```"]
    needs = [f"`{name}` {version}" for name, version in made.plugins.items()]
    more = [f"\nIt needs the plugin {', '.join(needs)}. A plugin is a program: look at it first."] if needs else []
    return "\n".join(["## Use", "", *lines, *more])


def _about(made: Config, run: Run, data: str, license: str) -> str:
    spec = made.spec
    classes = f", {spec.classes} classes" if spec.classes else ""
    rows = [
        ("data", f"`{data}`, samples of shape {tuple(spec.shape)}{classes}"),
        ("components", ", ".join(f"{name} `{_use_of(one)}`" for name, one in made.components.items())),
        ("steps", f"{made.step:,}"),
        ("weights", "averaged over training" if made.averaged else "those of the last step"),
        ("license", license or "none was given: ask before you use it"),
    ]
    return "\n".join(
        ["## What it is", "", "| | |", "| --- | --- |", *(f"| {name} | {_cell(row)} |" for name, row in rows)]
    )


def _judged(scores: list[Score]) -> str:
    """Every score of this step, with what it rests on: without it, a number says nothing."""
    if not scores:
        return "## Scores\n\nNobody has judged it by `ganzoo evaluate`."
    lines = ["## Scores", "", "| score | value | real samples score | better | protocol |"]
    lines.append("| --- | --- | --- | --- | --- |")
    for score in {score.kind: score for score in scores}.values():
        floor = "" if score.floor is None else f"{score.floor:.4g}"
        terms = ", ".join(f"{name} {_short(value)}" for name, value in Redactor()(score.terms).items())
        cells = (score.name, f"{score.value:.4g}", floor, score.better, terms)
        lines.append(f"| {' | '.join(map(_cell, cells))} |")
    return "\n".join([*lines, "", "Scores of other protocols cannot be compared with these."])


def _result(score: Score, task: str, data: str) -> Any:
    """For the Hub, which shows name and value: the name says how many samples and which seed the value rests on."""
    from huggingface_hub import EvalResult

    terms = ", ".join(f"{name} {_short(score.terms[name])}" for name in TERMS if name in score.terms)
    return EvalResult(
        task_type=task,
        dataset_type=data,
        dataset_name=data,
        metric_type=score.name,
        metric_value=score.value,
        metric_name=f"{score.name} ({terms})" if terms else score.name,
    )


def _files(made: Config) -> str:
    graphs = "".join(
        f" `{name}` takes {' and '.join(graph.inputs)}, and differs by {graph.max_difference:.1e} at most."
        for name, graph in made.graphs.items()
    )
    return (
        "## Files\n\n`ganzoo` reads `manifest.json`, `config.json` and `model.safetensors`, which cannot hold code, "
        f"and checks them.{graphs} `recipe.*` is what it was trained by, with the changes that the command in "
        "`provenance.json` makes."
    )


def _use_of(part: Any) -> str:
    return ", ".join(one["use"] for one in part) if isinstance(part, list) else str(part["use"])


def _paper(about: dict[str, Any]) -> str:
    paper = str(about.get("paper", ""))
    if paper.startswith("arXiv:"):
        return f" ([{_plain(paper)}](https://arxiv.org/abs/{_plain(paper).removeprefix('arXiv:')}))"
    return f" ({_plain(paper)})" if paper else ""


def _short(value: Any) -> str:
    shown = str(value)
    return f"{shown[:12]}…" if len(shown) == 64 else shown  # a digest


def _plain(value: str) -> str:
    """On one line, and without what Markdown or HTML would make something of."""
    return " ".join("".join(c for c in str(value) if c not in "<>[]()`*|").split())


def _cell(value: str) -> str:
    return " ".join(str(value).replace("|", "\\|").replace("<", "&lt;").split())
