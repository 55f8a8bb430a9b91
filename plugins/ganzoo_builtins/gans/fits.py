"""Whether the data suits a network, asked before a layer is built. Each question raises Misfit with the remedy."""

from ganzoo import Misfit, Spec


def need_numbers(network: str, spec: Spec) -> None:
    """Images and points will do, token ids will not."""
    if spec.vocab:
        raise Misfit(
            f"{network} works on real numbers, but the dataset holds token ids (vocab = {spec.vocab}): "
            "choose a dataset of images or points."
        )


def need_labels(network: str, spec: Spec) -> None:
    if not spec.classes:
        raise Misfit(
            f"{network} is conditional, but the dataset has no labels: choose a labelled dataset, "
            'or networks that need none, such as "mlp" or "dcgan".'
        )


def need_image(network: str, spec: Spec) -> tuple[int, int, int]:
    """Channels, height and width."""
    need_numbers(network, spec)
    if not spec.is_image:
        raise Misfit(f'{network} works on images, but a sample has the shape {spec.shape}: use "mlp" instead.')
    channels, height, width = spec.shape
    return channels, height, width


def need_square_image(network: str, spec: Spec) -> tuple[int, int]:
    """Channels and pixels along a side."""
    channels, height, width = need_image(network, spec)
    if height != width:
        raise Misfit(f"{network} works on square images, not on {height}x{width}: add dataset.size=64.")
    return channels, height


def need_tokens(network: str, spec: Spec) -> tuple[int, int]:
    """Tokens in a sample, and how many different ones there are."""
    if not spec.vocab:
        raise Misfit(
            f"{network} works on token ids, but the dataset holds numbers: choose a dataset such as text or oracle."
        )
    return spec.size, spec.vocab
