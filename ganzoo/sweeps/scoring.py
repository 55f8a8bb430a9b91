"""The scores that are asked for of each run of a sweep."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from ganzoo.evaluation import evaluate
from ganzoo.registry.discovery import Plugins
from ganzoo.runs.folder import RunFolder
from ganzoo.sampling.run import Run


@dataclass(frozen=True)
class Scoring:
    """Metrics to compute of the samples of each run.

    Attributes:
        metrics: Names of metrics; none for those of the recipe, or all that apply.
        results: Names of the results of these metrics.
        extractor: Name of the extractor; None for that of the recipe.
        samples: Number of samples; None for that of the recipe.
    """

    metrics: tuple[str, ...] = ()
    results: tuple[str, ...] = ()
    extractor: str | None = None
    samples: int | None = None

    @property
    def is_asked(self) -> bool:
        """True when something was asked for in place of the default."""
        return bool(self.metrics or self.extractor or self.samples)

    def is_done(self, run: RunFolder) -> bool:
        """Return True when the newest scores of a run are those that are asked for."""
        scores = [score for score in run.scores() if score.step == run.status.get("step")]
        if self.extractor:
            scores = [score for score in scores if score.name.partition("@")[2] == self.extractor.rpartition("/")[2]]
        if self.samples:
            scores = [score for score in scores if score.protocol.get("samples") == self.samples]
        return bool(scores) and {*self.results} <= {score.result for score in scores}

    def compute(self, run: Run, plugins: Plugins, say: Callable[[str], None]) -> None:
        """Compute the scores of a run's newest checkpoint, and append them to its scores.

        Args:
            run: The run.
            plugins: The loaded plugins.
            say: Called with each message for the user.

        Raises:
            GanzooError: They cannot be computed.
        """
        evaluate(
            run,
            self.metrics,
            samples=self.samples,
            extractor=self.extractor,
            plugins=plugins,
            progress=lambda text: say(f"  {text}"),
        )
