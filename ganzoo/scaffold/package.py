"""Writing of a new plugin package from templates."""

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
    "generator": "Convolutional, from noise to square images, by label if the data has labels",
    "discriminator": "Convolutional, for square images and their labels if the data has labels",
    "encoder": "Fully connected, from samples to codes",
    "loss": "Cross-entropy with a margin",
    "regularizer": "Penalty on the squared logits of real samples",
    "augmentation": "Turn images by multiples of 90 degrees",
    "transform": "Reduce images to coarse squares of 2x2 pixels",
    "dataset": "Pictures of spirals",
    "procedure": "Several discriminator moves, then one generator move",
    "optimizer": "Steps of constant size, by the sign of the gradient",
    "schedule": "Linear warm-up, then constant",
    "metric": "Distance between mean features",
    "extractor": "Rectified random projections",
}
PATHS = {  # template -> path in the new package
    "pyproject.toml": "pyproject.toml",
    "README.md": "README.md",
    "gitignore": ".gitignore",
    "workflow.yml": ".github/workflows/test.yml",
    "init.py": "{module}/__init__.py",
    "test_promises.py": "tests/test_promises.py",
    "test_recipes.py": "tests/test_recipes.py",
}


def write(names: Names, kinds: Sequence[str], folder: Path) -> list[Path]:
    """Write a new package: either all of its files, or none.

    Args:
        names: Names in the package.
        kinds: Kinds of its components.
        folder: Folder to create, or an empty one.

    Returns:
        The files.

    Raises:
        GanzooError: The folder is not empty, or cannot be written.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise GanzooError(f"{folder} already exists, and was not changed. Choose another name, or another --out.")
    rendered = dict(_files(names, [kind for kind in KINDS if kind in kinds]))
    try:
        with atomic.write_folder(folder) as partial:
            for relative, text in rendered.items():
                path = partial / relative
                path.parent.mkdir(parents=True, exist_ok=True)
                atomic.write_file(path, text.encode())
    except OSError as error:
        raise GanzooError(f"{error.filename}: {error.strerror}. Choose another folder with --out.") from error
    return [folder / relative for relative in rendered]


def _files(names: Names, kinds: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Yield (path in the package, text) of each file."""
    templates = jinja2.Environment(
        loader=jinja2.PackageLoader("ganzoo.scaffold"),
        undefined=jinja2.StrictUndefined,
        keep_trailing_newline=True,
        autoescape=False,
    )
    templates.filters["toml"] = as_toml
    package_recipes = recipes(names, kinds)
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
        "recipes": package_recipes,
        "has_both_networks": {"generator", "discriminator"} <= set(kinds),
    }

    def rendered(template: str, **more: object) -> str:
        return templates.get_template(f"{template}.jinja").render(**facts, **more)

    for template, path in PATHS.items():
        yield path.format(module=names.module), rendered(template)
    for kind in kinds:
        yield f"{names.module}/{kind}.py", rendered(f"kinds/{kind}.py")
    for recipe in package_recipes:
        yield f"{names.module}/recipes/{recipe.name}.toml", rendered("recipe.toml", recipe=recipe)
