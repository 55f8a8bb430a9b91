"""Checks that a transform suits the data."""

from ganzoo import IncompatibleError, Spec


def need_image(transform: str, spec: Spec) -> Spec:
    """Require images, and return their spec; otherwise raise IncompatibleError."""
    if not spec.is_image:
        raise IncompatibleError(
            f"transform {transform} works on images, but a sample has the shape {spec.shape}: choose others."
        )
    return spec
