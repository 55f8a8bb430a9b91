"""ganzoo export RUN [--out FOLDER] [--format F] [--license L] [--json]"""

from __future__ import annotations

from pathlib import Path

import click

from ganzoo.sharing import FORMATS


@click.command("export")
@click.argument("run", type=click.Path(path_type=Path))
@click.option("--out", type=click.Path(path_type=Path), help="The folder to write. [RUN/export]")
@click.option(
    "--format",
    "formats",
    type=click.Choice(FORMATS),
    multiple=True,
    help="The generator as a graph too; can be repeated. Safetensors are always written.",
)
@click.option("--license", metavar="L", default="", help="What others may do with it: mit, cc-by-4.0, ...")
@click.option("--json", "as_json", is_flag=True, help="One JSON document.")
def command(run: Path, out: Path | None, formats: tuple[str, ...], license: str, as_json: bool) -> None:
    """Write a folder that others can load: RUN's networks, with what sampling needs and nothing of training.

    RUN is a run folder, a folder of runs, or a checkpoint. The folder is loaded once to see that it makes the same
    samples, and holds no code and no pickle. An earlier export of the same run gives way, anything else stays.

    \b
    ganzoo export runs/... --license mit
    ganzoo export runs/... --format onnx --out letters
    """
    import json

    from ganzoo.sharing import export

    made = export.export(run, out, formats, license)
    if as_json:
        graphs = {name: graph.model_dump() for name, graph in made.config.graphs.items()}
        files = {"folder": str(made.place), "files": made.sizes, "graphs": graphs, "remarks": made.remarks}
        click.echo(json.dumps({"format": 1, **files}))
        return
    for name, size in made.sizes.items():
        click.echo(f"{size:>12,}  {name}")
    for name, graph in made.config.graphs.items():
        click.echo(f"{name} takes {' and '.join(graph.inputs)}; differs by {graph.max_difference:.1e} at most")
    for remark in made.remarks:
        click.echo(f"note: {remark}", err=True)
    click.echo(made.place)
