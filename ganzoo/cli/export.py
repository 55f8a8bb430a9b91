"""ganzoo export RUN [--out FOLDER] [--format F] [--license L] [--json]"""

from __future__ import annotations

from pathlib import Path

import click

from ganzoo.sharing import FORMATS


@click.command("export")
@click.argument("run", type=click.Path(path_type=Path))
@click.option("--out", type=click.Path(path_type=Path), help="Folder to write. [RUN/export]")
@click.option(
    "--format",
    "formats",
    type=click.Choice(FORMATS),
    multiple=True,
    help="Also write the generator as a graph; repeatable. Safetensors are always written.",
)
@click.option("--license", metavar="L", default="", help="License of the weights: mit, cc-by-4.0, ...")
@click.option("--json", "as_json", is_flag=True, help="One JSON document.")
def command(run: Path, out: Path | None, formats: tuple[str, ...], license: str, as_json: bool) -> None:
    """Export RUN to a folder that others can load: its networks, without anything of training.

    RUN is a run folder, a folder of runs, or a checkpoint. The export is loaded once to verify that it makes the same
    samples. It holds no code and no pickle. An earlier export of the same run is replaced, anything else is kept.

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
        click.echo(json.dumps({"format": 1, **document}))
        return
    for name, size in result.sizes.items():
        click.echo(f"{size:>12,}  {name}")
    for name, graph in result.config.graphs.items():
        click.echo(f"{name} takes {' and '.join(graph.inputs)}; differs by {graph.max_difference:.1e} at most")
    for remark in result.remarks:
        click.echo(f"note: {remark}", err=True)
    click.echo(result.folder)
