"""README.md of an export: a model card as the Hugging Face Hub shows it."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING, Any

from ganzoo.runs.scores import Score
from ganzoo.sampling.run import Run
from ganzoo.sharing.config import Config
from ganzoo.utils.redact import Redactor, without_secrets

if TYPE_CHECKING:
    from huggingface_hub import EvalResult

TERMS = ("samples", "seed", "weights")  # parts of a protocol that the Hub shows next to a score
IMAGE_GENERATION = "unconditional-image-generation"  # names of tasks on the Hub
IMAGE_TRANSLATION = "image-to-image"
OTHER = "other"


def text(exported: Config, run: Run, license: str, files: Collection[str]) -> str:
    """Return the model card: front matter for the Hub, then usage, training data and scores.

    Args:
        exported: Contents of config.json.
        run: The run that was exported.
        license: License of the weights; empty for none.
        files: Names of the files in the export.

    Returns:
        Markdown with YAML front matter.
    """
    from huggingface_hub import ModelCardData  # not at the top: it imports an HTTP client

    scores = [score for score in run.scores() if score.step == exported.step]
    resolved = run.resolved["recipe"]
    about = resolved.get("about", {})
    dataset = resolved["dataset"]["use"]
    gan = about.get("gan") or exported.name
    task = _task(exported)
    front_matter = ModelCardData(
        library_name="ganzoo",
        pipeline_tag=task,
        tags=["gan", "ganzoo", "pytorch"],
        license=license or None,
        metrics=sorted({score.name for score in scores}) or None,
        model_name=exported.name,
        eval_results=[_eval_result(score, task, dataset) for score in scores] or None,
    )
    sections = [
        f"---\n{front_matter.to_yaml()}\n---",
        f"# {_plain(exported.name)}",
        f"{_plain(gan)}{_paper(about)}, trained on `{dataset}` for {exported.step:,} steps with "
        "[ganzoo](https://pypi.org/project/ganzoo-torch/).",
        "![Samples](samples.png)" if "samples.png" in files else "",
        _usage(exported),
        _details(exported, dataset, license),
        _score_table(scores),
        _file_notes(exported),
    ]
    return str(without_secrets("\n\n".join(section for section in sections if section) + "\n"))


def _task(exported: Config) -> str:
    if "dataset" in exported.components:
        return IMAGE_TRANSLATION
    return IMAGE_GENERATION if exported.spec.spec.is_image else OTHER


def _usage(exported: Config) -> str:
    packages = " ".join(["ganzoo-torch", *exported.plugins])
    translates = "dataset" in exported.components
    call = "model.translate(images, seed=0)" if translates else "model.sample(16, seed=0)"
    lines = ["## Usage", "", "```sh", f"pip install {packages}", "```", "", "```python", "import ganzoo", ""]
    lines += ['model = ganzoo.load("OWNER/NAME")  # on the Hub, or the path of this folder']
    lines += [f"samples = {call}", "```"]
    if exported.plugins:
        plugins = ", ".join(f"`{name}` {version}" for name, version in exported.plugins.items())
        lines += [f"\nIt needs the plugin {plugins}. A plugin is a program: install it only if you trust its author."]
    return "\n".join(lines)


def _details(exported: Config, dataset: str, license: str) -> str:
    spec = exported.spec
    classes = f", {spec.classes} classes" if spec.classes else ""
    rows = [
        ("data", f"`{dataset}`, samples of shape {tuple(spec.shape)}{classes}"),
        ("components", ", ".join(f"{name} `{_component_names(part)}`" for name, part in exported.components.items())),
        ("steps", f"{exported.step:,}"),
        ("weights", "averaged over training" if exported.averaged else "those of the last step"),
        ("license", license or "none given: ask the author before you use it"),
    ]
    lines = ["## Model", "", "| | |", "| --- | --- |", *(f"| {name} | {_cell(value)} |" for name, value in rows)]
    return "\n".join(lines)


def _score_table(scores: list[Score]) -> str:
    """Return every score of this step with its protocol, without which a number means nothing."""
    if not scores:
        return "## Scores\n\nIt has not been evaluated with `ganzoo evaluate`."
    lines = ["## Scores", "", "| score | value | real samples score | better | protocol |"]
    lines.append("| --- | --- | --- | --- | --- |")
    for score in {score.kind: score for score in scores}.values():
        floor = "" if score.floor is None else f"{score.floor:.4g}"
        protocol = ", ".join(f"{name} {_short(value)}" for name, value in Redactor()(score.terms).items())
        cells = (score.name, f"{score.value:.4g}", floor, score.better, protocol)
        lines.append(f"| {' | '.join(map(_cell, cells))} |")
    return "\n".join([*lines, "", "Scores with another protocol cannot be compared with these."])


def _eval_result(score: Score, task: str, dataset: str) -> EvalResult:
    """Return a score for the Hub, which shows only name and value: the name includes the main terms of the protocol."""
    from huggingface_hub import EvalResult

    terms = ", ".join(f"{name} {_short(score.terms[name])}" for name in TERMS if name in score.terms)
    return EvalResult(
        task_type=task,
        dataset_type=dataset,
        dataset_name=dataset,
        metric_type=score.name,
        metric_value=score.value,
        metric_name=f"{score.name} ({terms})" if terms else score.name,
    )


def _file_notes(exported: Config) -> str:
    graphs = "".join(
        f" `{name}` takes {' and '.join(graph.inputs)}; its samples differ by at most {graph.max_difference:.1e}."
        for name, graph in exported.graphs.items()
    )
    return (
        "## Files\n\n`ganzoo` reads `manifest.json`, `config.json` and `model.safetensors`, which cannot hold code, "
        f"and checks them.{graphs} `recipe.*` is the recipe that it was trained with; the command in "
        "`provenance.json` says what was changed."
    )


def _component_names(part: Any) -> str:
    return ", ".join(component["use"] for component in part) if isinstance(part, list) else str(part["use"])


def _paper(about: dict[str, Any]) -> str:
    paper = str(about.get("paper", ""))
    if paper.startswith("arXiv:"):
        return f" ([{_plain(paper)}](https://arxiv.org/abs/{_plain(paper).removeprefix('arXiv:')}))"
    return f" ({_plain(paper)})" if paper else ""


def _short(value: Any) -> str:
    text = str(value)
    return f"{text[:12]}…" if len(text) == 64 else text  # 64 characters: a digest


def _plain(value: str) -> str:
    """Return a text on one line, without the special characters of Markdown and HTML."""
    return " ".join("".join(c for c in str(value) if c not in "<>[]()`*|").split())


def _cell(value: str) -> str:
    """Return a text as a cell of a Markdown table."""
    return " ".join(str(value).replace("|", "\\|").replace("<", "&lt;").split())
