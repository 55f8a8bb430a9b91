"""What a ganzoo.Extractor promises. It is asked on clusters, once it is prepared; not where its files are missing."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import torch
from torch import Tensor

from ganzoo.errors import GanzooError
from ganzoo.metrics.extractor import Extractor
from ganzoo.metrics.reference import Reference
from ganzoo.testing.check import expect, skip
from ganzoo.testing.evidence import cluster_cases, extractor_data
from ganzoo.testing.subjects import Component

FEW = 6  # samples


def it_refuses_by_an_error_that_says_what_to_do(component: Component) -> None:
    """check() raises IncompatibleError for samples it cannot look at, DataError or SetupError for what is missing."""
    for case in cluster_cases():
        made = component.build()
        try:
            made.check(case.data.spec)
        except GanzooError:
            continue
        except Exception as error:  # whatever it is, it is the finding
            expect(
                False,
                f"{component}: check() raises {type(error).__name__}: {error}, for data {case.data.spec.shape}. "
                "Raise ganzoo.IncompatibleError with what would fit, or ganzoo.DataError with what to fetch.",
            )


def features_are_a_row_of_numbers_for_each_sample(component: Component) -> None:
    """(N, width), float32, finite, on the CPU."""
    extractor, x = _prepared(component)
    _rows(component, "features()", extractor.features(x), len(x))


def a_sample_looks_the_same_whoever_is_beside_it(component: Component) -> None:
    """The same samples give the same features, and one by one they give what all of them give together."""
    extractor, x = _prepared(component)
    together, again = extractor.features(x), extractor.features(x)
    expect(
        torch.equal(together, again),
        f"{component}: the same samples have other features the second time. Look in evaluation mode: net.eval(), "
        "without dropout or noise.",
    )
    alone = torch.cat([extractor.features(x[i : i + 1]) for i in range(len(x))])
    expect(
        torch.allclose(together, alone, rtol=1e-4, atol=1e-4),
        f"{component}: a sample has other features beside other samples. Look in evaluation mode, so that batch norm "
        "uses what it has seen in training.",
    )


def logits_are_told_where_it_says_so(component: Component) -> None:
    """The attribute classifies is "", "data" or "others"; logits() are (N, classes)."""
    extractor, x = _prepared(component)
    expect(
        extractor.classifies in ("", "data", "others"),
        f'{component}: classifies is {extractor.classifies!r}. Use "", "data" or "others".',
    )
    if not extractor.classifies:
        skip("it tells no classes")
    logits = extractor.logits(x)
    _rows(component, "logits()", logits, len(x))
    classes = component.cache["data"].spec.classes
    expect(
        extractor.classifies != "data" or logits.shape[1] == classes,
        f"{component}: logits() tells {logits.shape[1]} classes, and the data has {classes}. Tell those of the data, "
        'or say classifies = "others".',
    )


def preparing_it_again_gives_the_same_features(component: Component) -> None:
    """Scores of two evaluations can be compared: features and digest depend on settings and data alone."""
    first, x = _prepared(component)
    second = _prepare(component)
    expect(
        first.digest == second.digest and torch.equal(first.features(x), second.features(x)),
        f"{component}: prepared twice alike, it has other features or another digest. Draw first weights from a seed: "
        "torch.manual_seed inside ganzoo.preserve_rng().",
    )


def _prepared(component: Component) -> tuple[Extractor, Tensor]:
    """The extractor, prepared once for all checks, and a few samples."""
    if "data" not in component.cache:
        component.cache["data"] = extractor_data(component)
        component.cache["extractor"] = _prepare(component)
    return component.cache["extractor"], Reference.from_dataset(component.cache["data"]).held.samples[:FEW]


def _prepare(component: Component) -> Extractor:
    extractor: Extractor = component.build()
    with TemporaryDirectory() as folder:
        extractor.prepare(replace(Reference.from_dataset(component.cache["data"]), cache=Path(folder)))
    return extractor


def _rows(component: Component, what: str, found: Tensor, n: int) -> None:
    expect(
        found.dim() == 2 and len(found) == n and found.dtype == torch.float32 and found.device.type == "cpu",
        f"{component}: {what} of {n} samples gives {found.dtype} {tuple(found.shape)} on {found.device}. Give float32 "
        f"({n}, width) on the CPU: flatten(1).float().cpu().",
    )
    expect(found.isfinite().all(), f"{component}: {what} has numbers that are not finite.")
