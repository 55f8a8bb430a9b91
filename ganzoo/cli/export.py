"""The `ganzoo export` command."""

from __future__ import annotations

from pathlib import Path

import click

from ganzoo.cli.complete import runs
from ganzoo.sharing import FORMATS
from ganzoo.terminal.output import echo


@click.command("export")
@click.argument("run", type=click.Path(path_type=Path), shell_complete=runs)
@click.option("--out", type=click.Path(path_type=Path), help="Folder to write. [RUN/export]")
@click.option(
    "--format",
    "formats",
    type=click.Choice(FORMATS),
    multiple=True,
    help="Format to write besides safetensors: the generator as a graph; repeatable.",
)
@click.option(
    "--license", metavar="L", default="", help="License of the model, as the Hub spells it: mit, cc-by-4.0, ..."
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
def command(run: Path, out: Path | None, formats: tuple[str, ...], license: str, as_json: bool) -> None:
    """Export the trained model RUN to a folder that others can load.

    RUN is a run folder, a folder of runs (the newest run is used), or a checkpoint folder. The export contains the
    weights that sampling needs, their configuration and a model card, but no code, no pickle and no training state. It
    is loaded once to verify that it generates the same samples.

    An earlier export of the same run is replaced; any other existing folder is an error.

    \b
    ganzoo export runs/... --license mit
    ganzoo export runs/... --format onnx --out letters
    """
    import json

    from ganzoo.sharing import export

    result = export.export(run, out, formats, license)
    if as_json:
        graphs = {name: graph.model_dump() for name, graph in result.config.graphs.items()}
        document = {"folder": str(result.folder), "files": result.sizes, "graphs": graphs, "remarks": result.remarks}
        echo(json.dumps({"format": 1, **document}))
        return
    for name, size in result.sizes.items():
        echo(f"{size:>12,}  {name}")
    for name, graph in result.config.graphs.items():
        echo(f"{name} takes {' and '.join(graph.inputs)}; differs by {graph.max_difference:.1e} at most")
    for remark in result.remarks:
        echo(f"note: {remark}", err=True)
    echo(result.folder)
