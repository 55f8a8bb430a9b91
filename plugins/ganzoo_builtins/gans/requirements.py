"""Checks that a network suits the data, made before a layer is built: each raises IncompatibleError with the remedy."""

from ganzoo import IncompatibleError, Spec


def need_numbers(network: str, spec: Spec) -> None:
    """Require images or points, not token ids."""
    if spec.vocab:
        raise IncompatibleError(
            f"{network} works on real numbers, but the dataset holds token ids (vocab = {spec.vocab}): "
            "choose a dataset of images or points. If the ids are pixels, save them as uint8 images (N, H, W)."
        )


def need_labels(network: str, spec: Spec) -> None:
    """Require data with labels."""
    if not spec.classes:
        raise IncompatibleError(
            f"{network} is conditional, but the dataset has no labels: choose a labelled dataset, "
            'or networks that need none, such as "mlp" or "dcgan".'
        )


def need_image(network: str, spec: Spec) -> tuple[int, int, int]:
    """Require images, and return their channels, height and width."""
    need_numbers(network, spec)
    if not spec.is_image:
        raise IncompatibleError(
            f'{network} works on images, but a sample has the shape {spec.shape}: use "mlp" instead.'
        )
    channels, height, width = spec.shape
    return channels, height, width


def need_square_image(network: str, spec: Spec) -> tuple[int, int]:
    """Require square images, and return their channels and pixels along a side."""
    channels, height, width = need_image(network, spec)
    if height != width:
        raise IncompatibleError(f"{network} works on square images, not on {height}x{width}: add dataset.size=64.")
    return channels, height


def need_multiple(network: str, spec: Spec, of: int, suggested: int = 0) -> tuple[int, int]:
    """Require square images whose side is divisible by `of`.

    Args:
        network: Kind and name of the network, for the message.
        spec: Shape, kind and classes of the samples.
        of: Divisor.
        suggested: Side that the message suggests; by default the next one that is divisible.

    Returns:
        Channels, and pixels along a side.
    """
    channels, size = need_square_image(network, spec)
    if size % of:
        raise IncompatibleError(
            f"{network} needs images whose side is divisible by {of}, not {size}: "
            f"add dataset.size={suggested or size + -size % of}."
        )
    return channels, size


def halved(size: int, least: int) -> tuple[int, int]:
    """Return how far a side above `least` can be halved, and how often: 28, 4 -> (7, 2); 32, 8 -> (8, 2)."""
    start = size
    halvings = 0
    while start % 2 == 0 and start > least:
        start //= 2
        halvings += 1
    return start, halvings


def need_tokens(network: str, spec: Spec) -> tuple[int, int]:
    """Require token ids, and return the number of tokens in a sample and in the vocabulary."""
    if not spec.vocab:
        raise IncompatibleError(
            f"{network} works on token ids, but the dataset holds numbers: choose a dataset such as text or oracle."
        )
    return spec.size, spec.vocab
