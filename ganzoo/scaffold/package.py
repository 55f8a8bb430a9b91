"""The files of a new package, rendered from templates and put in a folder of its own."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from importlib import metadata
from pathlib import Path

import jinja2

from ganzoo.config.overrides import as_toml
from ganzoo.errors import GanzooError
from ganzoo.registry.discovery import DISTRIBUTION
from ganzoo.registry.versions import API_VERSION
from ganzoo.registry.zoo import KINDS
from ganzoo.scaffold.names import Names
from ganzoo.scaffold.recipes import recipes
from ganzoo.utils import atomic

SUMMARIES = {
    "generator": "Fully connected, from noise to images and points",
    "discriminator": "Fully connected, for images and points",
    "encoder": "Fully connected, from samples to codes",
    "loss": "Cross-entropy with a margin",
    "regularizer": "Logits of real samples stay near zero",
    "transform": "Coarse squares, to be drawn sharp",
    "dataset": "Points on a spiral, 2-D",
    "procedure": "The discriminator moves some times, then the generator",
    "optimizer": "Steps of one size, by the gradient's sign",
    "schedule": "A straight way up, then constant",
    "metric": "Distance between mean features",
    "extractor": "Random projections, rectified",
}
PLACES = {  # template -> where it comes to lie
    "pyproject.toml": "pyproject.toml",
    "README.md": "README.md",
    "gitignore": ".gitignore",
    "workflow.yml": ".github/workflows/test.yml",
    "init.py": "{module}/__init__.py",
    "test_promises.py": "tests/test_promises.py",
    "test_recipes.py": "tests/test_recipes.py",
}


def write(names: Names, kinds: Sequence[str], folder: Path) -> list[Path]:
    """Make the package in `folder`, all of it or nothing; returns its files.

    Errors: GanzooError when there is something in that place already, or it cannot be written.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise GanzooError(f"{folder} exists already, and is left as it is. Give another name, or another --out.")
    rendered = dict(_files(names, [kind for kind in KINDS if kind in kinds]))
    try:
        with atomic.made_beside(folder) as partial:
            for place, text in rendered.items():
                path = partial / place
                path.parent.mkdir(parents=True, exist_ok=True)
                atomic.write_file(path, text.encode())
    except OSError as error:
        raise GanzooError(f"{error.filename}: {error.strerror}. Give another place with --out.") from error
    return [folder / place for place in rendered]


def _files(names: Names, kinds: Sequence[str]) -> Iterator[tuple[str, str]]:
    """(place, text) of each."""
    templates = jinja2.Environment(
        loader=jinja2.PackageLoader("ganzoo.scaffold"),
        undefined=jinja2.StrictUndefined,
        keep_trailing_newline=True,
        autoescape=False,
    )
    templates.filters["toml"] = as_toml
    made = recipes(names, kinds)
    facts = {
        "distribution": names.distribution,
        "owner": names.owner,
        "module": names.module,
        "name": names.component,
        "title": names.title,
        "version": metadata.version(DISTRIBUTION),
        "api": API_VERSION,
        "next_api": int(API_VERSION.partition(".")[0]) + 1,
        "components": [{"kind": kind, "summary": SUMMARIES[kind]} for kind in kinds],
        "recipes": made,
    }

    def rendered(template: str, **more: object) -> str:
        return templates.get_template(f"{template}.jinja").render(**facts, **more)

    for template, place in PLACES.items():
        yield place.format(module=names.module), rendered(template)
    for kind in kinds:
        yield f"{names.module}/{kind}.py", rendered(f"kinds/{kind}.py")
    for recipe in made:
        yield f"{names.module}/recipes/{recipe.name}.toml", rendered("recipe.toml", recipe=recipe)
