"""ganzoo: a zoo of GANs that plugins extend. Importing this package does not import torch."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ganzoo.api import load, resume, train
    from ganzoo.augmentation import Augmentation, AugmentedDiscriminator
    from ganzoo.config.component import Blueprint
    from ganzoo.data.pretrained import Pretrained
    from ganzoo.data.sources import Source, cache_root, data_root, find_data
    from ganzoo.data.unpaired import Unpaired
    from ganzoo.errors import DataError, GanzooError, IncompatibleError, SetupError, did_you_mean
    from ganzoo.evaluation import evaluate
    from ganzoo.hookspecs import Stop, Suggestion, hookimpl
    from ganzoo.interfaces import (
        Batch,
        Critic,
        Dataset,
        Discriminator,
        Encoder,
        Features,
        Generator,
        LayerFeatures,
        Loss,
        Move,
        Panel,
        Schedulable,
        Schedule,
        Spec,
        Terms,
        Transform,
        truncated_prior,
    )
    from ganzoo.judging import Judgement, judge
    from ganzoo.layers.conditional import (
        ConcatEmbedding,
        ConcatPlane,
        ConditionalBatchNorm2d,
        ConditionalSequential,
        ProjectionHead,
        apply_layer,
    )
    from ganzoo.layers.features import features_width
    from ganzoo.layers.logit_maps import stack_logits
    from ganzoo.metrics.extractor import Extractor
    from ganzoo.metrics.metric import Evidence, Metric, Seen
    from ganzoo.metrics.reference import Reference
    from ganzoo.objects.register import register
    from ganzoo.procedure import Procedure
    from ganzoo.registry.versions import API_VERSION, deprecated
    from ganzoo.registry.zoo import Zoo
    from ganzoo.regularizer import Comparison, Regularizer, Regularizers
    from ganzoo.runs.scores import Score
    from ganzoo.sampling.model import Model
    from ganzoo.sampling.run import Run
    from ganzoo.sharing.export import export
    from ganzoo.suggestion.suggest import suggest
    from ganzoo.sweeps.python import compare
    from ganzoo.terminal.progress import Progress
    from ganzoo.translator import Translator, beside
    from ganzoo.two_players import Fakes, TwoPlayerProcedure
    from ganzoo.utils.atomic import write_file
    from ganzoo.utils.git_lfs import pointer_remedy
    from ganzoo.utils.modes import eval_mode
    from ganzoo.utils.output import is_own_output
    from ganzoo.utils.rng import preserve_rng

_HOMES = {
    "ganzoo.api": ("load", "resume", "train"),
    "ganzoo.augmentation": ("Augmentation", "AugmentedDiscriminator"),
    "ganzoo.config.component": ("Blueprint",),
    "ganzoo.registry.versions": ("API_VERSION", "deprecated"),
    "ganzoo.errors": ("DataError", "GanzooError", "IncompatibleError", "SetupError", "did_you_mean"),
    "ganzoo.hookspecs": ("Stop", "Suggestion", "hookimpl"),
    "ganzoo.interfaces": (
        "Batch",
        "Critic",
        "Dataset",
        "Discriminator",
        "Encoder",
        "Features",
        "Generator",
        "LayerFeatures",
        "Loss",
        "Move",
        "Panel",
        "Schedulable",
        "Schedule",
        "Spec",
        "Terms",
        "Transform",
        "truncated_prior",
    ),
    "ganzoo.layers.conditional": (
        "ConcatEmbedding",
        "ConcatPlane",
        "ConditionalBatchNorm2d",
        "ConditionalSequential",
        "ProjectionHead",
        "apply_layer",
    ),
    "ganzoo.layers.features": ("features_width",),
    "ganzoo.layers.logit_maps": ("stack_logits",),
    "ganzoo.metrics.extractor": ("Extractor",),
    "ganzoo.metrics.metric": ("Evidence", "Metric", "Seen"),
    "ganzoo.metrics.reference": ("Reference",),
    "ganzoo.evaluation": ("evaluate",),
    "ganzoo.judging": ("Judgement", "judge"),
    "ganzoo.runs.scores": ("Score",),
    "ganzoo.sampling.model": ("Model",),
    "ganzoo.objects.register": ("register",),
    "ganzoo.procedure": ("Procedure",),
    "ganzoo.registry.zoo": ("Zoo",),
    "ganzoo.regularizer": ("Comparison", "Regularizer", "Regularizers"),
    "ganzoo.sampling.run": ("Run",),
    "ganzoo.sweeps.python": ("compare",),
    "ganzoo.sharing.export": ("export",),
    "ganzoo.suggestion.suggest": ("suggest",),
    "ganzoo.data.pretrained": ("Pretrained",),
    "ganzoo.data.sources": ("Source", "cache_root", "data_root", "find_data"),
    "ganzoo.data.unpaired": ("Unpaired",),
    "ganzoo.terminal.progress": ("Progress",),
    "ganzoo.translator": ("Translator", "beside"),
    "ganzoo.two_players": ("Fakes", "TwoPlayerProcedure"),
    "ganzoo.utils.atomic": ("write_file",),
    "ganzoo.utils.git_lfs": ("pointer_remedy",),
    "ganzoo.utils.modes": ("eval_mode",),
    "ganzoo.utils.output": ("is_own_output",),
    "ganzoo.utils.rng": ("preserve_rng",),
}
_HOME = {name: module for module, names in _HOMES.items() for name in names}

__all__ = [
    "API_VERSION",
    "Augmentation",
    "AugmentedDiscriminator",
    "Batch",
    "Blueprint",
    "Comparison",
    "ConcatEmbedding",
    "ConcatPlane",
    "ConditionalBatchNorm2d",
    "ConditionalSequential",
    "Critic",
    "DataError",
    "Dataset",
    "Discriminator",
    "Encoder",
    "Evidence",
    "Extractor",
    "Fakes",
    "Features",
    "GanzooError",
    "Generator",
    "IncompatibleError",
    "Judgement",
    "LayerFeatures",
    "Loss",
    "Metric",
    "Model",
    "Move",
    "Panel",
    "Pretrained",
    "Procedure",
    "Progress",
    "ProjectionHead",
    "Reference",
    "Regularizer",
    "Regularizers",
    "Run",
    "Schedulable",
    "Schedule",
    "Score",
    "Seen",
    "SetupError",
    "Source",
    "Spec",
    "Stop",
    "Suggestion",
    "Terms",
    "Transform",
    "Translator",
    "TwoPlayerProcedure",
    "Unpaired",
    "Zoo",
    "apply_layer",
    "beside",
    "cache_root",
    "compare",
    "data_root",
    "deprecated",
    "did_you_mean",
    "eval_mode",
    "evaluate",
    "export",
    "features_width",
    "find_data",
    "hookimpl",
    "is_own_output",
    "judge",
    "load",
    "pointer_remedy",
    "preserve_rng",
    "register",
    "resume",
    "stack_logits",
    "suggest",
    "train",
    "truncated_prior",
    "write_file",
]


def __getattr__(name: str) -> Any:
    """Import a public name on first use (PEP 562)."""
    if name == "__version__":
        return importlib.import_module("importlib.metadata").version("ganzoo-torch")
    if name not in _HOME and (renamed := _renamed(name)):
        return __getattr__(renamed)
    if name not in _HOME:
        raise AttributeError(f"module 'ganzoo' has no attribute {name!r}")
    if _HOME[name] != "ganzoo.errors":  # all others import torch
        from ganzoo.utils import current_folder

        current_folder.check()
    value = getattr(importlib.import_module(_HOME[name]), name)
    globals()[name] = value
    return value


def _renamed(name: str) -> str:
    """Return the present name of a renamed public name, with a warning; "" for any other name."""
    versions = importlib.import_module("ganzoo.registry.versions")
    today: str
    today, gone_in = versions.RENAMED.get(name, ("", ""))
    if today:
        versions.deprecated(f"ganzoo.{name} is deprecated: use ganzoo.{today}. It goes in ganzoo {gone_in}.")
    return today


def __dir__() -> list[str]:
    return sorted([*__all__, "__version__"])
