"""What a ganzoo.Dataset promises before anybody reads it. What it promises of its examples is in content.py."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import PurePosixPath
from typing import Any

from ganzoo.data.sources import Source
from ganzoo.errors import DataError, GanzooError
from ganzoo.interfaces import Dataset, Spec
from ganzoo.testing.check import expect, not_asked
from ganzoo.testing.component import Component
from ganzoo.testing.data import NOWHERE, bare, handed_over, named_by_a_path, needed, no_data
from ganzoo.testing.opened import opened

READINGS: dict[str, Callable[[Dataset], Any]] = {
    "len()": len,
    "[0]": lambda dataset: dataset[0],
    "tensors()": lambda dataset: dataset.tensors(),
    "fingerprint()": lambda dataset: dataset.fingerprint(),
}


def building_it_opens_no_file(component: Component) -> None:
    """`ganzoo check`, `ganzoo data` and a dry run build datasets whose files are not there yet."""
    bare(component)  # imports what it needs
    with opened() as files:
        dataset = bare(component)
        if not named_by_a_path(component):
            _ = dataset.spec, dataset.class_names
    expect(
        not files,
        f"{component} opens {files[0] if files else ''} when it is built. Read on first use instead, in a "
        "functools.cached_property, so that spec and class_names follow from the settings.",
    )


def the_spec_and_the_names_of_classes_agree(component: Component) -> None:
    """There is a name for each class, no two are alike, and images are grey or in colour."""
    if needed(component):
        not_asked("its spec may depend on the path that it needs")
    dataset = bare(component)
    spec, names = dataset.spec, list(dataset.class_names)
    expect(isinstance(spec, Spec), f"{component}: spec is {type(spec).__name__}. Make it a ganzoo.Spec.")
    expect(
        len(names) == spec.classes and len({*names}) == len(names) and all(isinstance(n, str) and n for n in names),
        f"{component}: class_names has {len(names)} names and spec.classes says {spec.classes}. Give each class one "
        "name of its own, in the order of the labels.",
    )
    sides = all(isinstance(side, int) and side > 0 for side in spec.shape)
    expect(sides, f"{component}: spec.shape is {spec.shape}. Make it whole numbers above 0.")
    expect(
        not spec.is_image or spec.shape[0] in (1, 3),
        f"{component}: spec.shape is {spec.shape}. Images have the shape (channels, height, width), with 1 or 3 "
        "channels.",
    )
    expect(bare(component).spec == spec, f"{component}: two built alike have different specs. Draw nothing for it.")


def it_can_be_handed_to_another_process(component: Component) -> None:
    """run.workers reads in processes that each get a copy."""
    dataset = bare(component)
    copied = handed_over(dataset)
    expect(
        vars(copied).keys() == vars(dataset).keys(),
        f"{component}: a copy for another process lacks attributes. Let __getstate__ keep all of them.",
    )
    if not needed(component):
        expect(
            (copied.spec, [*copied.class_names]) == (dataset.spec, [*dataset.class_names]),
            f"{component}: a copy for another process has another spec. Let __getstate__ keep what it follows from.",
        )


def its_sources_can_be_fetched(component: Component) -> None:
    """Each is a file below the data folder, and comes by https, or has a digest that says whether it came whole."""
    for source in bare(component).sources():
        expect(isinstance(source, Source), f"{component}: sources() gives {source!r}. Make each a ganzoo.Source.")
        path = PurePosixPath(source.path)
        expect(
            not path.is_absolute() and ".." not in path.parts,
            f"{component}: the source {source.path} is not below the data folder. Make its path a relative one.",
        )
        expect(source.urls, f"{component}: the source {source.path} has no address. Give it one in urls.")
        expect(
            source.md5 or all(url.startswith("https://") for url in source.urls),
            f"{component}: nobody can tell whether {source.path} comes as it was sent. Give an https:// address, or "
            "the file's md5.",
        )


def missing_data_say_what_to_type(component: Component) -> None:
    """Where its files are missing, each way to read it is a DataError that names them and what fetches them."""
    if named_by_a_path(component):
        not_asked("what it reads is named by a setting")
    with no_data():
        dataset = component.build()
        lacking = [path for source in dataset.sources() for path in source.missing()]
        if not lacking or any(not source.missing() for source in dataset.sources()):
            not_asked("it needs no files from elsewhere, or they lie where the system keeps them")
        fetched = [f"`ganzoo data get {name}`" for name in _names(component, dataset)]
        for reading, call in READINGS.items():
            message = _refusal(component, dataset, reading, call)
            expect(
                any(command in message for command in fetched),
                f"{component}: {reading} without its files does not say what to type: {message} End the DataError "
                f"with {fetched[0]}.",
            )
            unsaid = [source.path for source in dataset.sources() if source.path not in message]
            expect(not unsaid, f"{component}: {reading} without its files does not name {', '.join(unsaid)}: {message}")


def a_path_that_leads_nowhere_is_named(component: Component) -> None:
    """A setting `path` that is wrong is a DataError with that path, whichever way it is read."""
    if not named_by_a_path(component) or needed(component) not in ([], ["path"]):
        not_asked("it has no setting `path`")
    for reading, call in READINGS.items():
        dataset = component.build(path=NOWHERE)
        message = _refusal(component, dataset, reading, call)
        expect(
            repr(NOWHERE) in message,
            f"{component}: {reading} with path = {NOWHERE!r} does not name it: {message} Quote the path in the "
            "DataError, and say what to put there.",
        )


def what_is_held_out_is_of_the_same_kind(component: Component) -> None:
    """held_out() has the same spec and classes, and opens no file."""
    dataset = bare(component)
    dataset.held_out()  # imports what it needs
    with opened() as files:
        held = dataset.held_out()
    if held is None:
        not_asked("nothing is held out")
    expect(not files, f"{component}: held_out() opens {files[0] if files else ''}. Let it read on first use.")
    expect(isinstance(held, Dataset), f"{component}: held_out() gives {type(held).__name__}, which is no Dataset.")
    expect(held is not dataset, f"{component}: held_out() is the dataset itself. Return None where nothing is kept.")
    if not needed(component):
        expect(
            (held.spec, [*held.class_names]) == (dataset.spec, [*dataset.class_names]),
            f"{component}: held_out() has another spec or other classes. Change no setting but which part is read.",
        )


def _refusal(component: Component, dataset: Dataset, reading: str, call: Callable[[Dataset], Any]) -> str:
    """The DataError that a way of reading raises where nothing is there."""
    try:
        call(dataset)
    except DataError as error:
        return error.message
    except Exception as error:  # any other is the finding
        raised = f"raised {type(error).__name__}: {error}."
    else:
        raised = "raised nothing."
    expect(False, f"{component}: {reading} without its files {raised} Raise a DataError that says what to do.")
    return ""


def _names(component: Component, dataset: Dataset) -> list[str]:
    """Whose files they are: its own name, and datasets that are made of the same ones."""
    mine = {source.path for source in dataset.sources()}
    names = [component.entry.name, component.entry.full_name]
    for entry in component.plugins.zoo.entries("dataset"):
        try:
            if mine & {source.path for source in entry.load()().sources()}:
                names.append(entry.name)
        except (GanzooError, TypeError):  # a broken one, or one that needs settings
            continue
    return names
