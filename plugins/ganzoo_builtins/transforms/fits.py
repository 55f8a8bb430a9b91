"""Whether the data suits a transform."""

from ganzoo import IncompatibleError, Spec


def need_image(transform: str, spec: Spec) -> Spec:
    """The same spec, if it is of images. Errors: IncompatibleError."""
    if not spec.is_image:
        raise IncompatibleError(
            f"transform {transform} works on images, but a sample has the shape {spec.shape}: choose others."
        )
    return spec
