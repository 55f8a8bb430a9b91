"""Promises of a ganzoo.Extractor, checked on clusters after preparation. Skipped if files that it needs are missing."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import torch
from torch import Tensor

from ganzoo.errors import GanzooError
from ganzoo.metrics.extractor import Extractor
from ganzoo.metrics.reference import Reference
from ganzoo.testing.check import BrokenPromiseError, expect, skip
from ganzoo.testing.evidence import cluster_cases, extractor_data
from ganzoo.testing.subjects import Component

N = 6  # samples


def it_rejects_data_with_a_helpful_error(component: Component) -> None:
    """check() raises IncompatibleError for unsuitable samples, DataError or SetupError for something missing."""
    for case in cluster_cases():
        extractor = component.build()
        try:
            extractor.check(case.data.spec)
        except GanzooError:
            continue
        except Exception as error:  # the plugin's code may raise anything
            raise BrokenPromiseError(
                f"{component}: check() raised {type(error).__name__}: {error}, for samples of shape "
                f"{case.data.spec.shape}. Raise ganzoo.IncompatibleError and say which data it accepts, or "
                "ganzoo.DataError and say what to download."
            ) from error


def its_features_are_a_row_for_each_sample(component: Component) -> None:
    """features(x) -> finite float32 (N, width) on the CPU."""
    extractor, x = _prepared(component)
    _check_rows(component, "features()", extractor.features(x), len(x))


def features_do_not_depend_on_other_samples(component: Component) -> None:
    """Equal samples have equal features, alone and in a batch."""
    extractor, x = _prepared(component)
    together, again = extractor.features(x), extractor.features(x)
    expect(
        torch.equal(together, again),
        f"{component}: the same samples have different features in a second call. Use evaluation mode, net.eval(), "
        "without dropout or noise.",
    )
    alone = torch.cat([extractor.features(x[i : i + 1]) for i in range(len(x))])
    expect(
        torch.allclose(together, alone, rtol=1e-4, atol=1e-4),
        f"{component}: a sample has different features alone and in a batch. Use evaluation mode, in which batch norm "
        "uses the statistics of training.",
    )


def its_logits_match_classifies(component: Component) -> None:
    """The attribute `classifies` is "", "data" or "others"; unless it is "", logits(x) -> (N, classes)."""
    extractor, x = _prepared(component)
    expect(
        extractor.classifies in ("", "data", "others"),
        f'{component}: classifies is {extractor.classifies!r}. Use "", "data" or "others".',
    )
    if not extractor.classifies:
        skip("it does not classify")
    logits = extractor.logits(x)
    _check_rows(component, "logits()", logits, len(x))
    classes = component.cache["data"].spec.classes
    expect(
        extractor.classifies != "data" or logits.shape[1] == classes,
        f"{component}: logits() returns {logits.shape[1]} classes, but the data has {classes}. Return the classes of "
        'the data, or set classifies = "others".',
    )


def preparing_it_again_gives_the_same_features(component: Component) -> None:
    """Features and digest depend on settings and data alone, so that scores of two evaluations can be compared."""
    first, x = _prepared(component)
    second = _prepare(component)
    expect(
        first.digest == second.digest and torch.equal(first.features(x), second.features(x)),
        f"{component}: after the same preparation it has different features or another digest. Initialise its weights "
        "from a seed: torch.manual_seed inside ganzoo.preserve_rng().",
    )


def _prepared(component: Component) -> tuple[Extractor, Tensor]:
    """Return the extractor, which all checks share, and a few samples."""
    if "data" not in component.cache:
        component.cache["data"] = extractor_data(component)
        component.cache["extractor"] = _prepare(component)
    return component.cache["extractor"], Reference.from_dataset(component.cache["data"]).held.samples[:N]


def _prepare(component: Component) -> Extractor:
    extractor: Extractor = component.build()
    with TemporaryDirectory() as folder:
        extractor.prepare(replace(Reference.from_dataset(component.cache["data"]), cache=Path(folder)))
    return extractor


def _check_rows(component: Component, method: str, rows: Tensor, n: int) -> None:
    expect(
        rows.dim() == 2 and len(rows) == n and rows.dtype == torch.float32 and rows.device.type == "cpu",
        f"{component}: {method} of {n} samples returns {rows.dtype} {tuple(rows.shape)} on {rows.device}. Return "
        f"float32 ({n}, width) on the CPU: flatten(1).float().cpu().",
    )
    expect(
        rows.isfinite().all(),
        f"{component}: {method} returns values that are not finite. Look for divisions by zero, and for logarithms "
        "and roots of zero.",
    )
