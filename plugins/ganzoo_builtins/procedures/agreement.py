"""Which parts and settings of the procedure `adversarial` agree with each other."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ganzoo import IncompatibleError, Regularizer

if TYPE_CHECKING:
    from ganzoo_builtins.procedures.adversarial import Adversarial


def check_settings(procedure: Adversarial) -> None:
    """Networks and settings, before regularizers change the networks. Errors: IncompatibleError."""
    if not procedure.G.z_dim:
        raise IncompatibleError(
            "the generator translates samples and draws from no noise: use it in a procedure that translates, or "
            "use another generator."
        )
    if procedure.G.conditional != procedure.D.conditional:
        asked, blind = ("generator", "discriminator") if procedure.G.conditional else ("discriminator", "generator")
        raise IncompatibleError(
            f"the {asked} is conditional on labels and the {blind} is not, so that nobody would enforce them. "
            "Use a conditional network for both, or for neither."
        )
    if procedure.updates == "simultaneous" and (procedure.d_steps, procedure.g_steps) != (1, 1):
        raise IncompatibleError(
            'updates = "simultaneous" takes one move of each player: leave d_steps and g_steps at 1.'
        )
    if procedure.updates == "simultaneous" and (procedure.fakes, procedure.first) != ("fresh", "discriminator"):
        raise IncompatibleError(
            'updates = "simultaneous" lets both players learn from one batch of fakes and moves neither first: '
            "leave fakes and first out."
        )
    if procedure.updates == "simultaneous" and (procedure.d_burst or procedure.g_batch > 1):
        raise IncompatibleError(
            'updates = "simultaneous" takes one move of each player on one batch: leave d_burst and g_batch out.'
        )
    if procedure.g_batch > 1 and (procedure.fakes == "shared" or procedure.loss.uses_real):
        raise IncompatibleError(
            "g_batch makes more fakes for the generator's move than there are real samples and fakes of the "
            'discriminator\'s: use fakes = "fresh" and a loss that reads no real samples in it, or g_batch = 1.'
        )
    if procedure.replay and procedure.updates == "simultaneous":
        raise IncompatibleError(
            'updates = "simultaneous" lets both players learn from the same fakes, and replay shows the '
            "discriminator others: leave one of them out."
        )


def check_regularizers(procedure: Adversarial) -> None:
    """Asked of the networks as they are with all regularizers attached. Errors: IncompatibleError."""
    helping = [one for one in procedure.regularizers if type(one).generator_terms is not Regularizer.generator_terms]
    if not procedure.g_weight and not any(one.every == 1 for one in helping):
        raise IncompatibleError(
            "g_weight = 0 leaves the generator with the terms of regularizers, and there is none at every step: "
            'add one such as [[regularizer]] use = "feature_matching".'
        )
    if helping and procedure.g_batch > 1:
        raise IncompatibleError(
            f"g_batch = {procedure.g_batch} leaves {type(helping[0]).__name__} without a real sample for each fake of "
            "the generator's move. Leave one of them out."
        )
    for one in procedure.regularizers:
        one.check(procedure.D)
        if procedure.conditional and one.per_sample and procedure.replay:
            raise IncompatibleError(
                f"replay has fakes of other labels than the batch, and {type(one).__name__} compares samples under "
                "one label. Leave one of them out."
            )
        if procedure.conditional and one.per_sample and procedure.labels == "uniform":
            raise IncompatibleError(
                f'labels = "uniform" pairs the fakes with other labels than the batch, and {type(one).__name__} '
                'compares samples under one label. Use labels = "data".'
            )
        if procedure.conditional and one.per_sample and procedure.fakes == "shared" and procedure.d_steps > 1:
            raise IncompatibleError(
                'fakes = "shared" keeps the labels of the first batch for every discriminator move, and '
                f'{type(one).__name__} compares samples under one label. Use fakes = "fresh", or d_steps = 1.'
            )
