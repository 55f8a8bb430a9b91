"""Checks that the data suits a network, made before a layer is built. They raise IncompatibleError with the remedy."""

from ganzoo import IncompatibleError, Spec


def need_numbers(network: str, spec: Spec) -> None:
    """Images and points will do, token ids will not."""
    if spec.vocab:
        raise IncompatibleError(
            f"{network} works on real numbers, but the dataset holds token ids (vocab = {spec.vocab}): "
            "choose a dataset of images or points."
        )


def need_labels(network: str, spec: Spec) -> None:
    if not spec.classes:
        raise IncompatibleError(
            f"{network} is conditional, but the dataset has no labels: choose a labelled dataset, "
            'or networks that need none, such as "mlp" or "dcgan".'
        )


def need_image(network: str, spec: Spec) -> tuple[int, int, int]:
    """Channels, height and width."""
    need_numbers(network, spec)
    if not spec.is_image:
        raise IncompatibleError(
            f'{network} works on images, but a sample has the shape {spec.shape}: use "mlp" instead.'
        )
    channels, height, width = spec.shape
    return channels, height, width


def need_square_image(network: str, spec: Spec) -> tuple[int, int]:
    """Channels and pixels along a side."""
    channels, height, width = need_image(network, spec)
    if height != width:
        raise IncompatibleError(f"{network} works on square images, not on {height}x{width}: add dataset.size=64.")
    return channels, height


def need_multiple(network: str, spec: Spec, of: int, suggested: int = 0) -> tuple[int, int]:
    """Channels and pixels along a side divisible by `of`; to add is the next such side, unless one is `suggested`."""
    channels, size = need_square_image(network, spec)
    if size % of:
        raise IncompatibleError(
            f"{network} needs images whose side is divisible by {of}, not {size}: "
            f"add dataset.size={suggested or size + -size % of}."
        )
    return channels, size


def halved(size: int, least: int) -> tuple[int, int]:
    """How far a side above `least` can be halved, and how often: 28, 4 -> (7, 2); 32, 4 -> (4, 3); 32, 8 -> (8, 2)."""
    start, times = size, 0
    while start % 2 == 0 and start > least:
        start, times = start // 2, times + 1
    return start, times


def need_tokens(network: str, spec: Spec) -> tuple[int, int]:
    """Tokens in a sample, and how many different ones there are."""
    if not spec.vocab:
        raise IncompatibleError(
            f"{network} works on token ids, but the dataset holds numbers: choose a dataset such as text or oracle."
        )
    return spec.size, spec.vocab
