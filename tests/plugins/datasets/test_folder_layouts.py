"""Trees of folders of any shape: each file is an example of the right class, or counted as left alone, or an error."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from ganzoo.errors import DataError
from ganzoo_builtins.datasets.class_folders import part_of_dataset
from ganzoo_builtins.datasets.files import image_files
from ganzoo_builtins.datasets.folder import Folder
from ganzoo_builtins.datasets.image_decoder import SUFFIXES
from ganzoo_builtins.datasets.left_alone import LeftAlone
from ganzoo_builtins.datasets.trees import tree_of

FOLDERS = ["cats", "dogs", "train", "test", "val2017", "Trainers", ".git", "@eaDir", "caf\u00e9", "a b", "\udce9"]
FILES = ["0.png", "1.JPG", "2.heic", "notes", "Thumbs.db", ".hidden.png", "3.png.part", "-n.png", "4\t.png"]
LINKS = ["inside.png", "outside.png", "broken.png", "folder"]

paths = st.lists(
    st.tuples(st.lists(st.sampled_from(FOLDERS), max_size=3), st.sampled_from([*FILES, *LINKS])),
    min_size=1,
    max_size=12,
)


def build(root: Path, outside: Path, layout: list[tuple[list[str], str]]) -> int:
    """Make the files and links of a layout, and return how many of them are not below hidden folders."""
    shutil.rmtree(root, ignore_errors=True)
    root.mkdir()
    made = set()
    for folders, name in layout:
        path = root.joinpath(*folders, name)
        path.parent.mkdir(parents=True, exist_ok=True)
        if os.path.lexists(path):
            continue
        targets = {"inside.png": root / "target.png", "outside.png": outside, "broken.png": root / "nowhere"}
        if name == "folder":
            path.symlink_to(root)
        elif name in targets:
            path.symlink_to(targets[name])
        else:
            path.write_bytes(b"picture")
        made.add(path)
    return len([path for path in made if not _hidden_folder(path.relative_to(root))])


def _hidden_folder(path: Path) -> bool:
    return any(part.startswith(".") or part == "@eaDir" for part in path.parts[:-1])


def _hidden_roots(root: Path) -> int:
    """Return the number of hidden folders that lie in no other hidden folder: each is counted as one."""
    return len([p for p in root.rglob("*") if p.is_dir() and not p.is_symlink() and _is_hidden(p, root)])


def _is_hidden(folder: Path, root: Path) -> bool:
    own = folder.name.startswith(".") or folder.name == "@eaDir"
    return own and not _hidden_folder(folder.relative_to(root))


@settings(max_examples=150, deadline=None, suppress_health_check=[*HealthCheck])
@given(layout=paths)
@example(layout=[(["cats"], "0.png"), ([], "1.JPG")])
@example(layout=[(["train"], "0.png"), (["test"], "0.png")])
@example(layout=[(["cats", "dogs"], "0.png"), ([".git"], "0.png")])
def test_every_file_is_an_example_or_counted_or_an_error_names_why(
    layout: list[tuple[list[str], str]], tmp_path: Path
) -> None:
    root, outside = tmp_path / "photos", tmp_path / "outside.png"
    outside.write_bytes(b"picture")
    visible = build(root, outside, layout)
    dataset = Folder(str(root))
    try:
        names, n = dataset.class_names, len(dataset)
    except DataError as error:
        assert _is_explained(error.message, root)
        return
    taken = [root / dataset.example_name(i) for i in range(n)]
    expected = sorted(root / name for name in image_files(tree_of(root), "", LeftAlone()))
    assert sorted(taken) == expected, "whatever is a picture is an example"
    labels = dataset.all_labels()
    if names:
        assert labels is not None
        assert [path.relative_to(root).parts[0] for path in taken] == [names[y] for y in labels]
    else:
        assert labels is None
    left = dataset._listed.left.number
    assert n + left == visible + _hidden_roots(root)
    remarks = " ".join(dataset.remarks())
    assert (f"{left:,} of {n + left:,} files" in remarks) == (left > 0)
    assert remarks.isprintable()


def _is_explained(message: str, root: Path) -> bool:
    """Tell whether a refusal is one that the layout has earned."""
    visible = [
        path for path in root.iterdir() if path.is_dir() and not path.is_symlink() and not _is_hidden(path, root)
    ]
    if "parts of a dataset" in message:
        return any(part_of_dataset(path.name) for path in visible)
    if "lies next to class folders" in message:
        return bool(visible) and any(path.suffix.lower() in SUFFIXES for path in root.iterdir())
    below = [path.relative_to(root).as_posix() if path != root else "" for path in visible or [root]]
    empty = [name for name in below if not [*image_files(tree_of(root), name, LeftAlone())]]
    return "no images in " in message and bool(empty)


def test_links_inside_the_folder_are_taken(tmp_path: Path) -> None:
    """The strategy has no file that they could lead to."""
    (tmp_path / "a.png").write_bytes(b"picture")
    (tmp_path / "b.png").symlink_to("a.png")
    assert [Folder(str(tmp_path)).example_name(i) for i in range(2)] == ["a.png", "b.png"]


@pytest.mark.parametrize("name", ["train", "Testing", "val2017", "trainA", "test_images", "validation-set"])
def test_names_of_parts(name: str) -> None:
    assert part_of_dataset(name)
