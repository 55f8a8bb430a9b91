"""Whether the data suits a transform."""

from ganzoo import IncompatibleError, Spec


def need_image(transform: str, spec: Spec) -> Spec:
    """Return the spec, or raise IncompatibleError when it is not of images."""
    if not spec.is_image:
        raise IncompatibleError(
            f"transform {transform} works on images, but a sample has the shape {spec.shape}: choose others."
        )
    return spec
