"""Judging pictures of any tool: ganzoo.judge(places, against=...)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from ganzoo.config import component, instantiate
from ganzoo.config.component import Blueprint
from ganzoo.config.overrides import override
from ganzoo.config.recipe import Evaluation
from ganzoo.errors import DataError, IncompatibleError, RecipeError
from ganzoo.metrics import pictures
from ganzoo.metrics.evaluator import SAMPLES, Evaluator
from ganzoo.metrics.pictures import Pictures
from ganzoo.metrics.verdict import Verdict, plain, verdict
from ganzoo.registry import discovery
from ganzoo.registry.zoo import Zoo
from ganzoo.runs.comparison import differences
from ganzoo.runs.scores import Score, is_valid
from ganzoo.utils import regular

TABLES = ("dataset", "metric", "extractor")


@dataclass(frozen=True)
class Judgement:
    """The scores of the pictures of one place.

    Attributes:
        name: The place, as it was given.
        pictures: Number of pictures that were judged.
        digest: SHA-256 of these pictures, as they were read.
        scores: The scores, with their protocols.
        remarks: How the pictures were read, and which metrics were left out, a sentence each.
    """

    name: str
    pictures: int
    digest: str
    scores: tuple[Score, ...]
    remarks: tuple[str, ...] = ()

    @property
    def verdict(self) -> Verdict:
        """The verdict on the scores, in words."""
        return verdict(self.scores)

    def plain(self) -> dict[str, Any]:
        """Return the judgement and its verdict as JSON values."""
        return {**asdict(self), "verdict": {**plain(self.verdict), "text": self.verdict.summary}}


@dataclass(frozen=True)
class Request:
    """The metrics and the extractor that are named, and the data that pictures are judged against.

    Attributes:
        dataset: The real data.
        metrics: The metrics; none for all that apply.
        extractor: The extractor, or None for one that fits the data.
        evaluate: The seed of the protocol.
    """

    dataset: Blueprint
    metrics: list[Blueprint]
    extractor: Blueprint | None
    evaluate: Evaluation


def judge(
    places: str | Path | Sequence[str | Path],
    against: str | Path,
    metrics: Sequence[str] = (),
    *,
    samples: int | None = None,
    extractor: str | None = None,
    changes: Iterable[str] = (),
    plugins: discovery.Plugins | None = None,
    told: Callable[[str], None] = lambda text: None,
) -> list[Judgement]:
    """Compute the scores of pictures, of any tool, against real ones. No run is needed.

    All places are judged under one protocol: the same number of pictures of each, in a fixed random order, in the size
    and colours of the real data. The same pictures give the same scores again.

    Args:
        places: A folder of pictures, with or without a folder for each class; an .npz file of samples; or several.
        against: The real pictures: such a folder or file, or the name of a dataset.
        metrics: Names of metrics; by default all that apply.
        samples: Number of pictures of each place; by default 2,000, or as many as the smallest place has, or as there
            are held-out real ones.
        extractor: Name of the extractor that computes the features; by default one that fits the real data.
        changes: Settings of the real data, such as "size=32", and of metrics and extractor: "metric.0.most=500".
        plugins: The plugins that components come from; by default all installed ones.
        told: Called with a line of text on what is computed.

    Returns:
        A judgement for each place.

    Raises:
        DataError: Pictures are missing, too few, or cannot be read.
        IncompatibleError: Their size or channels are not those of the real data, or a metric or extractor does not fit.
        RecipeError: A setting is wrong.
    """
    plugins = plugins or discovery.load()
    named = [str(place) for place in ([places] if isinstance(places, str | Path) else places)]
    if not named:
        raise DataError("there is nothing to judge: name a folder of pictures.")
    request = _request(named, str(against), metrics, extractor, changes, plugins.zoo)
    data = instantiate.dataset_from(request.dataset, 0)
    judged = [pictures.opened(place, request.dataset, data, plugins.zoo) for place in named]
    conditional = all(one.labels is not None for one in judged)
    evaluator = Evaluator(request, data, plugins.zoo, conditional, told)
    n = _number(judged, samples, evaluator)
    facts = {
        "data": pictures.facts(request.dataset),
        "read": {"shape": list(data.spec.shape), "fit": pictures.fit(request.dataset)},
        "classes": "as given" if conditional else "none",
    }
    return [_judged(one, n, evaluator, facts, conditional) for one in judged]


def _judged(judged: Pictures, n: int, evaluator: Evaluator, facts: Mapping[str, Any], conditional: bool) -> Judgement:
    """Return the judgement of the first n pictures of a place."""
    evaluator.told(f"judging {n:,} pictures of {judged.place}")
    part = judged.part(n)
    labels = judged.labels[list(part.indices)] if conditional and judged.labels is not None else None
    scores = evaluator.judge(part.samples, labels, facts)
    left_out = [f"{name} is left out: {why}" for name, why in evaluator.left_out.items()]
    remarks = (*judged.remarks, *judged.resized(part), *left_out)
    return Judgement(judged.place, n, part.digest, tuple(scores), remarks)


def _request(
    places: Sequence[str],
    against: str,
    metrics: Sequence[str],
    extractor: str | None,
    changes: Iterable[str],
    zoo: Zoo,
) -> Request:
    """Return what is to be computed, after all changes of settings."""
    tree: dict[str, Any] = {"dataset": {}, "metric": [{"use": name} for name in metrics]}
    if extractor:
        tree["extractor"] = {"use": extractor}
    assignments = [_of_a_table(change) for change in changes]
    for table in ("metric", "extractor"):
        if not tree.get(table) and any(one.startswith(f"{table}.") for one in assignments):
            raise RecipeError(f"settings of {table}: there is none to set. Name it by --{table}.")
    tree["dataset"]["use"] = _dataset_name(against)
    override(tree, assignments, zoo)
    del tree["dataset"]["use"]
    blueprints = [component.from_table("metric", table, zoo) for table in tree["metric"]]
    named = component.from_table("extractor", tree["extractor"], zoo) if extractor else None
    problems = [problem for one in (*blueprints, *filter(None, [named])) for problem in one.problems()]
    if problems:
        raise RecipeError("\n".join(problems))
    dataset = pictures.reference(against, tree["dataset"], places, zoo)
    return Request(dataset, blueprints, named, Evaluation())


def _of_a_table(change: str) -> str:
    """Return a change of a setting with its table, that of the real data if it has none."""
    key = change.partition("=")[0]
    return change if key.partition(".")[0].strip() in TABLES and "." in key else f"dataset.{change}"


def _dataset_name(against: str) -> str:
    """Return the name of the dataset that reads a place, by which the types of its settings are known."""
    path = Path(against)
    if path.is_dir():
        return pictures.FOLDER
    return pictures.ARRAYS if path.suffix.lower() == ".npz" else against


def _number(judged: Sequence[Pictures], samples: int | None, evaluator: Evaluator) -> int:
    """Return the number of pictures of each place that are judged."""
    smallest = min(judged, key=lambda one: len(one.dataset))
    if samples is None:
        return min(SAMPLES, len(evaluator.reference.held), len(smallest.dataset))
    if samples < pictures.FEWEST:
        raise DataError(f"{samples} pictures are too few to judge: give {pictures.FEWEST} at least, better 2,000.")
    if samples > len(smallest.dataset):
        raise DataError(
            f"{smallest.place} has {len(smallest.dataset):,} pictures, and {samples:,} of each place are to be judged: "
            f"give {len(smallest.dataset):,} or fewer (-n), or more pictures."
        )
    return samples


def read(path: Path) -> list[Judgement]:
    """Read the judgements of a JSON document that `ganzoo judge --json` printed.

    Args:
        path: The file.

    Returns:
        The judgements.

    Raises:
        DataError: The file holds none.
    """
    try:
        return [_parsed(one) for one in regular.read_json(path)["judgements"]]
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise DataError(
            f"{path} holds no judgements ({type(error).__name__}). Write it by `ganzoo judge --json > FILE.json`."
        ) from error


def _parsed(table: Mapping[str, Any]) -> Judgement:
    """Return the judgement of a table; raises ValueError, TypeError or KeyError if it is none."""
    scores = tuple(Score(**score) for score in table["scores"])
    if not scores or not all(is_valid(score) and _is_whole(score.protocol) for score in scores):
        raise ValueError("a score is damaged")
    remarks = tuple(str(remark) for remark in table["remarks"])
    return Judgement(str(table["name"]), int(table["pictures"]), str(table["digest"]), scores, remarks)


def _is_whole(protocol: Mapping[str, Any]) -> bool:
    """Return True for a protocol that holds what is shown of it."""
    read, extractor = protocol.get("read"), protocol.get("extractor", {"use": "", "digest": ""})
    return (
        isinstance(read, dict)
        and isinstance(read.get("shape"), list)
        and "fit" in read
        and {"real", "held_out"} <= protocol.keys()
        and isinstance(extractor, dict)
        and all(isinstance(extractor.get(key), str) for key in ("use", "digest"))
    )


def check_comparable(judgements: Iterable[Judgement]) -> None:
    """Check that judgements may stand in one table.

    Args:
        judgements: The judgements.

    Raises:
        IncompatibleError: Scores of one name have different protocols.
    """
    by_name: dict[str, list[Score]] = {}
    for judgement in judgements:
        for score in judgement.scores:
            by_name.setdefault(score.name, []).append(score)
    for name, compared in by_name.items():
        if found := differences(compared):
            raise IncompatibleError(
                f"these judgements cannot be compared: {name} differs in {'; '.join(found)}. Judge the places again, "
                "together or with equal settings."
            )
