"""Promises of a ganzoo.Dataset: before its files are read, then of its examples."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import PurePosixPath
from typing import Any

import torch
from torch import Tensor

from ganzoo.data.sources import Source
from ganzoo.errors import DataError, GanzooError
from ganzoo.interfaces import Batch, Dataset, Spec
from ganzoo.testing.check import expect, skip
from ganzoo.testing.datasets import (
    NOWHERE,
    build_unread,
    copy_for_process,
    empty_data_folder,
    equal,
    has_path,
    in_memory,
    opened_paths,
    positions,
    read,
    readable,
    required_settings,
    settings_of,
)
from ganzoo.testing.subjects import Component
from ganzoo.utils import rng

READINGS: dict[str, Callable[[Dataset], Any]] = {
    "len()": len,
    "[0]": lambda dataset: dataset[0],
    "tensors()": lambda dataset: dataset.tensors(),
    "fingerprint()": lambda dataset: dataset.fingerprint(),
}


def building_it_opens_no_file(component: Component) -> None:
    """`ganzoo check`, `ganzoo data` and a dry run build datasets whose files are not there yet."""
    build_unread(component)  # imports what it needs
    with opened_paths() as files:
        dataset = build_unread(component)
        if not has_path(component):
            _ = dataset.spec, dataset.class_names
    expect(
        not files,
        f"{component} opens {files[0] if files else ''} when it is built. Read on first use instead, in a "
        "functools.cached_property, so that spec and class_names follow from the settings.",
    )


def the_spec_and_the_names_of_classes_agree(component: Component) -> None:
    """There is a name for each class, no two are alike, and images are grey or in colour."""
    if required_settings(component):
        skip("its spec may depend on the path that it needs")
    dataset = build_unread(component)
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
    expect(
        build_unread(component).spec == spec, f"{component}: two built alike have different specs. Draw nothing for it."
    )


def it_can_be_handed_to_another_process(component: Component) -> None:
    """run.workers reads in processes that each get a copy."""
    dataset = build_unread(component)
    copied = copy_for_process(dataset)
    expect(
        vars(copied).keys() == vars(dataset).keys(),
        f"{component}: a copy for another process lacks attributes. Let __getstate__ keep all of them.",
    )
    if not required_settings(component):
        expect(
            (copied.spec, [*copied.class_names]) == (dataset.spec, [*dataset.class_names]),
            f"{component}: a copy for another process has another spec. Let __getstate__ keep what it follows from.",
        )


def its_sources_can_be_fetched(component: Component) -> None:
    """Each is a file below the data folder, and comes by https, or has a digest that says whether it came whole."""
    for source in build_unread(component).sources():
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
    if has_path(component):
        skip("what it reads is named by a setting")
    with empty_data_folder():
        dataset = component.build()
        lacking = [path for source in dataset.sources() for path in source.missing()]
        if not lacking or any(not source.missing() for source in dataset.sources()):
            skip("it needs no files from elsewhere, or they lie where the system keeps them")
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
    if not has_path(component) or required_settings(component) not in ([], ["path"]):
        skip("it has no setting `path`")
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
    dataset = build_unread(component)
    dataset.held_out()  # imports what it needs
    with opened_paths() as files:
        held = dataset.held_out()
    if held is None:
        skip("nothing is held out")
    expect(not files, f"{component}: held_out() opens {files[0] if files else ''}. Let it read on first use.")
    expect(isinstance(held, Dataset), f"{component}: held_out() gives {type(held).__name__}, which is no Dataset.")
    expect(held is not dataset, f"{component}: held_out() is the dataset itself. Return None where nothing is kept.")
    if not required_settings(component):
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


def examples_are_as_the_spec_says(component: Component) -> None:
    """ "x", or the pair "a" and "b", of the spec's shape and finite; "y" below the number of classes, where there are
    classes. Images are uint8, token ids int64 below vocab, everything else float32.
    """
    dataset = readable(component)
    expect(len(dataset) > 0, f"{component} has no examples: len() is 0.")
    for example in read(dataset):
        _samples(component, dataset.spec, example)
        _label(component, dataset.spec, example)


def _samples(component: Component, spec: Spec, example: Batch) -> None:
    names = {"a", "b"} if "a" in example else {"x"}
    wanted = names | ({"y"} if spec.classes else set())
    expect(
        example.keys() == wanted,
        f"{component}: an example has {sorted(example)}. Let it have {sorted(wanted)}: a label just where "
        "spec.classes says there are some.",
    )
    types = [torch.uint8] if spec.is_image else [torch.int64] if spec.vocab else [torch.float32]
    types += [torch.float32] if spec.is_image else []  # in [-1, 1]
    for name in names:
        x = example[name]
        expect(isinstance(x, Tensor), f'{component}: "{name}" is {type(x).__name__}. Make it a torch.Tensor.')
        expect(
            tuple(x.shape) == tuple(spec.shape),
            f'{component}: "{name}" has shape {tuple(x.shape)}, and the spec says {spec.shape}. An example has no '
            "axis for a batch.",
        )
        expect(x.dtype in types, f'{component}: "{name}" is {x.dtype}. Make it {types[0]}.')
        expect(x.isfinite().all(), f'{component}: some numbers of "{name}" are NaN or infinite. Leave those out.')
        expect(
            not spec.vocab or 0 <= x.min() <= x.max() < spec.vocab,
            f"{component}: token ids lie in {x.min()}..{x.max()}. Keep them in 0..vocab - 1 = {spec.vocab - 1}.",
        )
        expect(
            not (spec.is_image and x.dtype == torch.float32) or x.abs().max() <= 1.001,
            f"{component}: float images lie outside of [-1, 1]. Scale them, or give uint8 of 0..255.",
        )


def _label(component: Component, spec: Spec, example: Batch) -> None:
    if not spec.classes:
        return
    y = example["y"]
    expect(
        tuple(y.shape) == () and y.dtype == torch.int64,
        f'{component}: "y" is {y.dtype} of shape {tuple(y.shape)}. Make it one number: torch.tensor(label), int64.',
    )
    expect(
        0 <= y.item() < spec.classes,
        f"{component}: a label is {y.item()}, out of range. Number the classes 0..spec.classes - 1 = "
        f"{spec.classes - 1}.",
    )


def reading_twice_gives_the_same(component: Component) -> None:
    """The same examples in the same order, from it and from one built alike: the order of a run is drawn over them.

    Noise that examples draw is drawn from the seed of their batch, and is the same here.
    """
    dataset, twin = readable(component), readable(component)
    first = read(dataset)
    for other in (dataset, twin):
        again = read(other)
        expect(
            len(again) == len(first) and all(map(equal, first, again)),
            f"{component}: examples are others, or in another order, when they are read again, so that no run can go "
            "on from a checkpoint. Sort what the file system lists, and draw from a torch.Generator that a setting "
            "`seed` seeds.",
        )


def the_whole_is_its_examples(component: Component) -> None:
    """tensors() has what [i] gives, one after the other."""
    dataset = readable(component)
    tensors = in_memory(dataset, component)
    for name, tensor in tensors.items():
        expect(
            len(tensor) == len(dataset),
            f'{component}: tensors() has {len(tensor)} of "{name}", and len() is {len(dataset)}. Make them agree.',
        )
    for i, example in zip(positions(dataset), read(dataset), strict=True):
        expect(
            equal(example, {name: tensor[i] for name, tensor in tensors.items()}),
            f"{component}: example {i} is not what tensors() has there. Let both read the same tensors.",
        )


def every_class_occurs(component: Component) -> None:
    """There is an example of each class."""
    dataset = readable(component)
    if not dataset.spec.classes or len(dataset) < dataset.spec.classes:
        skip("it has no classes, or fewer examples than those")
    labels = dataset.all_labels()
    if labels is None:
        skip("its labels are not known without reading every example")
    absent = sorted({*range(dataset.spec.classes)} - {*labels.tolist()})
    expect(
        not absent,
        f"{component}: no example is of class {', '.join(map(str, absent[:5]))}. Count the classes that occur, or draw "
        "some of each.",
    )


def the_fingerprint_is_that_of_the_content(component: Component) -> None:
    """Equal for equal content, in another process as well; another one for what is held out, and for another seed.

    A run that goes on, and a score, tell by it whether the data are the same.
    """
    dataset = readable(component)
    copied = copy_for_process(dataset)
    first = dataset.fingerprint()
    told = "Leave fingerprint() as ganzoo.Dataset has it, or hash what is read and nothing else."
    expect(
        first == dataset.fingerprint() == readable(component).fingerprint() == copied.fingerprint(),
        f"{component}: equal content has another fingerprint. {told}",
    )
    for what, other in _others(component, dataset):
        expect(
            other.fingerprint() != first or _equal(dataset, other),
            f"{component}: {what} has other content and the same fingerprint. {told}",
        )


def another_seed_gives_other_content(component: Component) -> None:
    """What is drawn on the spot is drawn from its setting `seed`."""
    if "seed" not in settings_of(component):
        skip("it has no setting `seed`")
    dataset = readable(component)
    if dataset.sources():
        skip("it is made of files")
    other = readable(component, seed=1 + int(component.settings.get("seed", 0)))
    expect(not _equal(dataset, other), f"{component}: another seed changes nothing. Draw from that seed.")


def what_is_held_out_is_something_else(component: Component) -> None:
    """held_out() has examples, and they are not those that it is held out from."""
    dataset = readable(component)
    held = dataset.held_out()
    if held is None or any(source.missing() for source in held.sources()):
        skip("nothing is held out, or its files are not here")
    expect(len(held) > 0, f"{component}: held_out() has no examples. Return None where nothing is kept.")
    expect(not _equal(dataset, held), f"{component}: held_out() has the examples that are trained on. Keep them apart.")


def reading_leaves_the_noise_of_training_alone(component: Component) -> None:
    """len(), tensors() and fingerprint() draw from no generator but their own: a run would draw other noise after them.

    A dataset that is streamed may draw in [i], where each batch has a seed.
    """
    before = rng.tensors(), rng.words()
    dataset = readable(component)
    len(dataset)
    if dataset.tensors() is not None:
        dataset.fingerprint()
        _ = dataset[0]
    unchanged = torch.equal(before[0]["random.cpu"], rng.tensors()["random.cpu"])
    expect(
        unchanged and before[1] == rng.words(),
        f"{component} draws from the generator that training draws from. Draw from one of its own: "
        "torch.Generator().manual_seed(self.seed).",
    )


def _others(component: Component, dataset: Dataset) -> list[tuple[str, Dataset]]:
    """What should have other content."""
    found = []
    if "seed" in settings_of(component) and not dataset.sources():
        found.append(("another seed", readable(component, seed=1 + int(component.settings.get("seed", 0)))))
    held = dataset.held_out()
    if held is not None and not any(source.missing() for source in held.sources()):
        found.append(("what is held out", held))
    return found


def _equal(one: Dataset, other: Dataset) -> bool:
    return len(one) == len(other) and all(map(equal, read(one), read(other)))
