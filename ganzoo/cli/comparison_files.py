"""The files that `ganzoo compare` writes: a plot, a CSV file and a LaTeX table."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from ganzoo.errors import printable
from ganzoo.terminal.output import echo

if TYPE_CHECKING:
    from ganzoo.runs.comparison import Comparison
    from ganzoo.runs.folder import RunFolder
    from ganzoo.runs.score_curves import Against

Decorated = TypeVar("Decorated", bound=Callable[..., Any])
FILE = click.Path(path_type=Path, dir_okay=False)


def options(command: Decorated) -> Decorated:
    """Add the options to a command, which gets them as the settings of Files."""
    for option in (
        click.option("--force", is_flag=True, help="Replace existing files."),
        click.option("--latex", type=FILE, metavar="FILE", help="Write the table as a .tex file for booktabs."),
        click.option("--csv", type=FILE, metavar="FILE", help="Write every score of every run to a .csv file."),
        click.option(
            "--against",
            type=click.Choice(["steps", "minutes"]),
            default="steps",
            show_default=True,
            help="Horizontal axis of the plot.",
        ),
        click.option(
            "--plot",
            type=FILE,
            metavar="FILE",
            help="Draw the scores, mean and band over seeds, to a .svg, .pdf or .png file.",
        ),
    ):
        command = option(command)
    return command


@dataclass(frozen=True)
class Files:
    """The files that were asked for.

    Attributes:
        plot: The figure of scores, or None.
        against: Its horizontal axis.
        csv: The CSV file, or None.
        latex: The LaTeX table, or None.
        force: Replace existing files.
    """

    plot: Path | None
    against: Against
    csv: Path | None
    latex: Path | None
    force: bool

    def check(self) -> None:
        """Check that each can be written, before anything is trained.

        Raises:
            GanzooError: One exists, or has another suffix.
            SetupError: matplotlib is not installed.
        """
        from ganzoo.errors import GanzooError
        from ganzoo.utils import output
        from ganzoo.visualization import score_plot

        if self.plot:
            score_plot.check(self.plot)
        for path, suffix in ((self.csv, ".csv"), (self.latex, ".tex")):
            if path and path.suffix.lower() != suffix:
                raise GanzooError(f"{path}: end it in {suffix}.")
        for path in filter(None, (self.plot, self.csv, self.latex)):
            output.file_of(path, path, self.force)

    def write(self, runs: Sequence[RunFolder], table: Comparison) -> None:
        """Write the files, and say where.

        Args:
            runs: The compared runs.
            table: Their comparison.

        Raises:
            GanzooError: A file cannot be written.
        """
        from ganzoo.runs import comparison, latex_table, score_curves, scores_csv
        from ganzoo.visualization import score_plot

        groups = comparison.grouped(runs)
        if self.plot:
            curves = {name: score_curves.curves(groups, name, self.against) for name in table.names}
            _say("plot", score_plot.save(curves, self.plot, self.against, self.force))
        if self.csv:
            _say("scores", self._save(scores_csv.rows(groups, table.names), self.csv))
        if self.latex:
            _say("table", self._save(latex_table.latex(table), self.latex))

    def _save(self, text: str, path: Path) -> Path:
        from ganzoo.utils import output

        with output.new_file(path, self.force) as place:
            place.partial.write_text(text, encoding="utf-8")
        return place.path


def _say(content: str, path: Path) -> None:
    echo(printable(f"{content}: {path}"), err=True)
