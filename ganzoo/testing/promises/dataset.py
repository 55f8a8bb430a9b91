"""Promises of a ganzoo.Dataset: first those that need no files, then those of its examples."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import PurePosixPath
from typing import Any

import torch
from torch import Tensor

from ganzoo.data.sources import Source
from ganzoo.errors import DataError, GanzooError
from ganzoo.interfaces import Batch, Dataset, Spec
from ganzoo.testing.check import BrokenPromiseError, expect, skip
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
    """The constructor reads no file: `ganzoo check`, `ganzoo data` and dry runs build datasets without their files."""
    build_unread(component)  # imports its dependencies
    with opened_paths() as files:
        dataset = build_unread(component)
        if not has_path(component):
            _ = dataset.spec, dataset.class_names
    expect(
        not files,
        f"{component} opens {files[0] if files else ''} in its constructor. Read on first use instead, in a "
        "functools.cached_property, and derive spec and class_names from the settings.",
    )


def the_spec_and_the_class_names_agree(component: Component) -> None:
    """Each class has a unique name, and the shape has positive sides."""
    if required_settings(component):
        skip("its spec may depend on the path that it requires")
    dataset = build_unread(component)
    spec, names = dataset.spec, list(dataset.class_names)
    expect(isinstance(spec, Spec), f"{component}: spec is {type(spec).__name__}. Make it a ganzoo.Spec.")
    expect(
        len(names) == spec.classes and len({*names}) == len(names) and all(isinstance(n, str) and n for n in names),
        f"{component}: class_names has {len(names)} names, but spec.classes is {spec.classes}. Give each class one "
        "unique name, in the order of the labels.",
    )
    sides = all(isinstance(side, int) and side > 0 for side in spec.shape)
    expect(sides, f"{component}: spec.shape is {spec.shape}. Use positive integers.")
    expect(
        build_unread(component).spec == spec,
        f"{component}: two datasets with equal settings have different specs. Use no random numbers for the spec.",
    )


def it_can_be_handed_to_another_process(component: Component) -> None:
    """The dataset can be pickled: with run.workers, each worker process receives a copy."""
    dataset = build_unread(component)
    copied = copy_for_process(dataset)
    expect(
        vars(copied).keys() == vars(dataset).keys(),
        f"{component}: a copy in another process lacks attributes. Return all of them from __getstate__.",
    )
    if not required_settings(component):
        expect(
            (copied.spec, [*copied.class_names]) == (dataset.spec, [*dataset.class_names]),
            f"{component}: a copy in another process has another spec. Return from __getstate__ all attributes that "
            "the spec depends on.",
        )


def its_sources_can_be_fetched(component: Component) -> None:
    """Each source is a file in the data folder, downloaded by https or verified by an MD5 digest."""
    for source in build_unread(component).sources():
        expect(isinstance(source, Source), f"{component}: sources() returns {source!r}. Make it a ganzoo.Source.")
        path = PurePosixPath(source.path)
        expect(
            not path.is_absolute() and ".." not in path.parts,
            f"{component}: the source {source.path} is outside of the data folder. Use a relative path without `..`.",
        )
        expect(source.urls, f"{component}: the source {source.path} has no address. Add one to urls.")
        expect(
            source.md5 or all(url.startswith("https://") for url in source.urls),
            f"{component}: the download of {source.path} cannot be verified. Use an https:// address, or add the md5 "
            "of the file.",
        )


def missing_files_are_reported_with_a_command(component: Component) -> None:
    """Without its files, every way to read it raises a DataError that names them and the command to download them."""
    if has_path(component):
        skip("a setting names its files")
    with empty_data_folder():
        dataset = component.build()
        missing = [path for source in dataset.sources() for path in source.missing()]
        if not missing or any(not source.missing() for source in dataset.sources()):
            skip("it needs no downloaded files, or they are in a folder of the system")
        commands = [f"`ganzoo data get {name}`" for name in _names_of_same_files(component, dataset)]
        for reading, call in READINGS.items():
            message = _refusal(component, dataset, reading, call)
            expect(
                any(command in message for command in commands),
                f"{component}: the error of {reading} without its files names no command: {message} End the DataError "
                f"with {commands[0]}.",
            )
            unnamed = [source.path for source in dataset.sources() if source.path not in message]
            expect(
                not unnamed,
                f"{component}: the error of {reading} without its files does not name {', '.join(unnamed)}: {message} "
                "Name all missing files in the DataError.",
            )


def a_missing_path_is_reported(component: Component) -> None:
    """If the setting `path` does not exist, every way to read raises a DataError with that path."""
    if not has_path(component) or required_settings(component) not in ([], ["path"]):
        skip("it has no setting `path`")
    for reading, call in READINGS.items():
        dataset = component.build(path=NOWHERE)
        message = _refusal(component, dataset, reading, call)
        expect(
            repr(NOWHERE) in message,
            f"{component}: the error of {reading} with path = {NOWHERE!r} does not contain the path: {message} Quote "
            "the path in the DataError, and say what should be there.",
        )


def the_held_out_part_has_the_same_spec(component: Component) -> None:
    """held_out() has the same spec and class names, and opens no file."""
    dataset = build_unread(component)
    dataset.held_out()  # imports its dependencies
    with opened_paths() as files:
        held = dataset.held_out()
    if held is None:
        skip("it has no held-out part")
    expect(not files, f"{component}: held_out() opens {files[0] if files else ''}. Read on first use instead.")
    expect(
        isinstance(held, Dataset),
        f"{component}: held_out() returns {type(held).__name__}. Return a ganzoo.Dataset, or None.",
    )
    expect(
        held is not dataset,
        f"{component}: held_out() returns the dataset itself. Return None if there is no held-out part.",
    )
    if not required_settings(component):
        expect(
            (held.spec, [*held.class_names]) == (dataset.spec, [*dataset.class_names]),
            f"{component}: held_out() has another spec or other class names. Change only which part of the data is "
            "read.",
        )


def _refusal(component: Component, dataset: Dataset, reading: str, call: Callable[[Dataset], Any]) -> str:
    """Return the message of the DataError raised by reading without the files; another outcome fails the check."""
    try:
        call(dataset)
    except DataError as error:
        return error.message
    except Exception as error:  # the plugin's code may raise anything
        outcome = f"raised {type(error).__name__}: {error}."
    else:
        outcome = "raised nothing."
    raise BrokenPromiseError(
        f"{component}: {reading} without its files {outcome} Raise a ganzoo.DataError that says what to do."
    )


def _names_of_same_files(component: Component, dataset: Dataset) -> list[str]:
    """Return the dataset's names, and those of datasets with the same files: `ganzoo data get` takes any of them."""
    paths = {source.path for source in dataset.sources()}
    names = [component.entry.name, component.entry.full_name]
    for entry in component.plugins.zoo.entries("dataset"):
        try:
            if paths & {source.path for source in entry.load()().sources()}:
                names.append(entry.name)
        except (GanzooError, TypeError):  # it is broken, or requires settings
            continue
    return names


def examples_match_the_spec(component: Component) -> None:
    """Examples have "x", or a pair "a" and "b", finite and of the spec's shape.

    Images are uint8, or float32 in [-1, 1]; token ids are int64 in 0 to vocab - 1; all other values are float32. If
    there are classes, examples have a label "y" in 0 to classes - 1.
    """
    dataset = readable(component)
    expect(len(dataset) > 0, f"{component} has no examples: len() is 0. Return at least one.")
    for example in read(dataset):
        _check_samples(component, dataset.spec, example)
        _check_label(component, dataset.spec, example)


def _check_samples(component: Component, spec: Spec, example: Batch) -> None:
    names = {"a", "b"} if "a" in example else {"x"}
    keys = names | ({"y"} if spec.classes else set())
    expect(
        example.keys() == keys,
        f"{component}: an example has the keys {sorted(example)}. Return {sorted(keys)}: a label if and only if "
        "spec.classes is above 0.",
    )
    types = [torch.uint8] if spec.is_image else [torch.int64] if spec.vocab else [torch.float32]
    types += [torch.float32] if spec.is_image else []  # in [-1, 1]
    for name in names:
        x = example[name]
        expect(isinstance(x, Tensor), f'{component}: "{name}" is {type(x).__name__}. Make it a torch.Tensor.')
        shape = spec.source.shape if name == "a" else spec.shape
        expect(
            tuple(x.shape) == tuple(shape),
            f'{component}: "{name}" has shape {tuple(x.shape)}, but the spec says {shape}. An example has no '
            "batch axis.",
        )
        expect(x.dtype in types, f'{component}: "{name}" is {x.dtype}. Make it {types[0]}.')
        expect(
            x.isfinite().all(),
            f'{component}: "{name}" contains NaN or infinite values. Leave such examples out, or replace the values.',
        )
        expect(
            not spec.vocab or 0 <= x.min() <= x.max() < spec.vocab,
            f"{component}: token ids lie in {x.min()}..{x.max()}. Keep them in 0..vocab - 1 = {spec.vocab - 1}.",
        )
        expect(
            not (spec.is_image and x.dtype == torch.float32) or x.abs().max() <= 1.001,
            f"{component}: float images lie outside of [-1, 1]. Scale them to [-1, 1], or return uint8 in 0..255.",
        )


def _check_label(component: Component, spec: Spec, example: Batch) -> None:
    if not spec.classes:
        return
    y = example["y"]
    expect(
        tuple(y.shape) == () and y.dtype == torch.int64,
        f'{component}: "y" is {y.dtype} of shape {tuple(y.shape)}. Make it an int64 scalar: torch.tensor(label).',
    )
    expect(
        0 <= y.item() < spec.classes,
        f"{component}: the label {y.item()} is out of range. Number the classes 0..spec.classes - 1 = "
        f"{spec.classes - 1}.",
    )


def reading_twice_gives_equal_examples(component: Component) -> None:
    """Examples and their order are equal in a second reading, and in another dataset with equal settings.

    Random numbers in [i] are drawn from the seed of the batch, which is the same here.
    """
    dataset, twin = readable(component), readable(component)
    first = read(dataset)
    for other in (dataset, twin):
        again = read(other)
        expect(
            len(again) == len(first) and all(map(equal, first, again)),
            f"{component}: a second reading gives other examples or another order, so runs cannot be resumed. Sort the "
            "files that the file system lists, and draw random numbers from a torch.Generator seeded by a setting "
            "`seed`.",
        )


def tensors_and_examples_agree(component: Component) -> None:
    """tensors() contains the examples of [i], in their order."""
    dataset = readable(component)
    tensors = in_memory(dataset, component)
    for name, tensor in tensors.items():
        expect(
            len(tensor) == len(dataset),
            f'{component}: tensors()["{name}"] has {len(tensor)} entries, but len() is {len(dataset)}. Make them '
            "agree.",
        )
    for i, example in zip(positions(dataset), read(dataset), strict=True):
        expect(
            equal(example, {name: tensor[i] for name, tensor in tensors.items()}),
            f"{component}: [{i}] differs from entry {i} of tensors(). Read both from the same tensors.",
        )


def every_class_occurs(component: Component) -> None:
    """There is an example of each class."""
    dataset = readable(component)
    if not dataset.spec.classes or len(dataset) < dataset.spec.classes:
        skip("it has no classes, or fewer examples than classes")
    labels = dataset.all_labels()
    if labels is None:
        skip("its labels are not known without reading every example")
    absent = sorted({*range(dataset.spec.classes)} - {*labels.tolist()})
    expect(
        not absent,
        f"{component}: there is no example of class {', '.join(map(str, absent[:5]))}. Set spec.classes to the number "
        "of classes that occur, or add examples.",
    )


def the_fingerprint_depends_on_the_content(component: Component) -> None:
    """fingerprint() is equal for equal content, also in another process, and differs for other content.

    Other content is the held-out part, or another seed. A resumed run and a score are compared by it.
    """
    dataset = readable(component)
    copied = copy_for_process(dataset)
    first = dataset.fingerprint()
    remedy = "Do not override fingerprint() of ganzoo.Dataset, or hash exactly the data that is read."
    expect(
        first == dataset.fingerprint() == readable(component).fingerprint() == copied.fingerprint(),
        f"{component}: equal content has different fingerprints. {remedy}",
    )
    for name, other in _others(component, dataset):
        expect(
            other.fingerprint() != first or _equal(dataset, other),
            f"{component}: {name} has other content but the same fingerprint. {remedy}",
        )


def another_seed_gives_other_content(component: Component) -> None:
    """Generated data depend on the setting `seed`."""
    if "seed" not in settings_of(component):
        skip("it has no setting `seed`")
    dataset = readable(component)
    if dataset.sources():
        skip("it reads files")
    other = readable(component, seed=1 + int(component.settings.get("seed", 0)))
    expect(
        not _equal(dataset, other),
        f"{component}: another seed gives the same examples. Draw them from torch.Generator().manual_seed(self.seed).",
    )


def the_held_out_part_has_other_examples(component: Component) -> None:
    """held_out() has examples, which are not the training examples."""
    dataset = readable(component)
    held = dataset.held_out()
    if held is None or any(source.missing() for source in held.sources()):
        skip("it has no held-out part, or its files are missing")
    expect(len(held) > 0, f"{component}: held_out() has no examples. Return None if there is no held-out part.")
    expect(
        not _equal(dataset, held),
        f"{component}: held_out() returns the training examples. Keep the two parts disjoint.",
    )


def reading_keeps_the_random_state(component: Component) -> None:
    """len(), tensors() and fingerprint() use a random generator of their own, so that training is not affected.

    A streamed dataset may draw from the global generators in [i], where each batch has a seed.
    """
    tensors_before, words_before = rng.tensors()["random.cpu"], rng.words()
    dataset = readable(component)
    len(dataset)
    if dataset.tensors() is not None:
        dataset.fingerprint()
        _ = dataset[0]
    unchanged = torch.equal(tensors_before, rng.tensors()["random.cpu"]) and words_before == rng.words()
    expect(
        unchanged,
        f"{component} draws from a global random generator, which training uses too. Use a generator of its own: "
        "torch.Generator().manual_seed(self.seed).",
    )


def _others(component: Component, dataset: Dataset) -> list[tuple[str, Dataset]]:
    """Return (description, dataset) of datasets that should have other content."""
    others = []
    if "seed" in settings_of(component) and not dataset.sources():
        others.append(("another seed", readable(component, seed=1 + int(component.settings.get("seed", 0)))))
    held = dataset.held_out()
    if held is not None and not any(source.missing() for source in held.sources()):
        others.append(("the held-out part", held))
    return others


def _equal(a: Dataset, b: Dataset) -> bool:
    return len(a) == len(b) and all(map(equal, read(a), read(b)))
