"""What a ganzoo.Dataset promises of its examples. Asked where they can be read: files that are missing ask nothing."""

from __future__ import annotations

import torch
from torch import Tensor

from ganzoo.interfaces import Batch, Dataset, Spec
from ganzoo.testing.check import expect, not_asked
from ganzoo.testing.component import Component
from ganzoo.testing.data import handed_over, places, read, readable, same, settings_of, whole
from ganzoo.utils import rng


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
            len(again) == len(first) and all(map(same, first, again)),
            f"{component}: examples are others, or in another order, when they are read again, so that no run can go "
            "on from a checkpoint. Sort what the file system lists, and draw from a torch.Generator that a setting "
            "`seed` seeds.",
        )


def the_whole_is_its_examples(component: Component) -> None:
    """tensors() has what [i] gives, one after the other."""
    dataset = readable(component)
    tensors = whole(dataset, component)
    for name, tensor in tensors.items():
        expect(
            len(tensor) == len(dataset),
            f'{component}: tensors() has {len(tensor)} of "{name}", and len() is {len(dataset)}. Make them agree.',
        )
    for i, example in zip(places(dataset), read(dataset), strict=True):
        expect(
            same(example, {name: tensor[i] for name, tensor in tensors.items()}),
            f"{component}: example {i} is not what tensors() has there. Let both read the same tensors.",
        )


def every_class_occurs(component: Component) -> None:
    """There is an example of each class."""
    dataset = readable(component)
    if not dataset.spec.classes or len(dataset) < dataset.spec.classes:
        not_asked("it has no classes, or fewer examples than those")
    labels = dataset.all_labels()
    if labels is None:
        not_asked("its labels are not known without reading every example")
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
    copied = handed_over(dataset)
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
        not_asked("it has no setting `seed`")
    dataset = readable(component)
    if dataset.sources():
        not_asked("it is made of files")
    other = readable(component, seed=1 + int(component.settings.get("seed", 0)))
    expect(not _equal(dataset, other), f"{component}: another seed changes nothing. Draw from that seed.")


def what_is_held_out_is_something_else(component: Component) -> None:
    """held_out() has examples, and they are not those that it is held out from."""
    dataset = readable(component)
    held = dataset.held_out()
    if held is None or any(source.missing() for source in held.sources()):
        not_asked("nothing is held out, or its files are not here")
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
    return len(one) == len(other) and all(map(same, read(one), read(other)))
