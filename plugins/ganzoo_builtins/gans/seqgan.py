"""SeqGAN, Yu, Zhang, Wang and Yu 2017 (arXiv:1609.05473): tokens are discrete, so the discriminator gives a reward.

The generator is a policy for each next token y_t given those before it, and is trained by REINFORCE, equation (8):

    gradient = E[ sum_t  grad log G(y_t | y_1..t-1) Q(y_1..t) ]

Q, equation (4), is the discriminator's probability of real for y_1..t completed by a lagged copy of the generator,
theta', averaged over several such rollouts; at the last token it is that of y itself.

There are three stages, decided by the step alone: maximum likelihood, then the discriminator alone, then both.

Departures: each discriminator move has new fakes, where the authors' implementation takes three passes over one set of
10,000; sums over the batch are divided by its size; the weights of the discriminator's last layer are not penalised.
PyTorch's cell has two biases, which add up, where theirs has one.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator, Sequence
from typing import Annotated

import torch
from pydantic import Field, NonNegativeInt, PositiveInt
from torch import Tensor, nn
from torch.nn.functional import cross_entropy, pad, softplus

from ganzoo import (
    Batch,
    Blueprint,
    Comparison,
    Discriminator,
    Generator,
    IncompatibleError,
    Move,
    Procedure,
    Regularizers,
    Spec,
    eval_mode,
)
from ganzoo_builtins.gans.requirements import need_tokens

SIZES = (1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 15, 20)  # of the paper's filters; WIDTHS is their number per size
WIDTHS = (100, 200, 200, 200, 200, 100, 100, 100, 100, 100, 160, 160)
CHUNK = 2048  # samples at a time, which bounds the memory for (samples, vocab) numbers


class SeqGANGenerator(Generator):
    """An LSTM with a softmax over the next token.

    z is uniform on (0, 1), one number for each token of a sample, which selects it by the cumulative distribution.

    Args:
        spec: Shape, kind and classes of the samples.
        embedding: Width of a token's embedding.
        width: Width of the LSTM's state.
    """

    def __init__(self, spec: Spec, embedding: PositiveInt = 32, width: PositiveInt = 32):
        super().__init__()
        length, vocab = need_tokens("generator seqgan", spec)
        self.z_dim = length
        self.embedding = nn.Embedding(vocab, embedding)
        self.cell = nn.LSTMCell(embedding, width)
        self.head = nn.Linear(width, vocab)
        for parameter in self.parameters():
            nn.init.normal_(parameter, 0.0, 0.1)

    def forward(self, z: Tensor, y: Tensor | None = None) -> Tensor:
        tokens = [torch.zeros(len(z), dtype=torch.long, device=z.device)]  # token 0 precedes the first one
        state = None
        for pointer in z.T:  # (N, T) -> T times (N,)
            state = self.cell(self.embedding(tokens[-1]), state)  # (N, width), (N, width)
            tokens.append(self._point(state[0], pointer))
        return torch.stack(tokens[1:], 1)  # (N, T)

    def prior(self, n: int) -> Tensor:
        return torch.rand(n, self.z_dim, device=next(self.parameters()).device)

    def log_likelihood(self, x: Tensor) -> Tensor:
        """Return log G(x_t | x_1..t-1) of each token, (N, T) -> (N, T)."""
        state, logits = None, []
        for token in pad(x, (1, -1)).T:  # token 0, x_1, ..., x_T-1
            state = self.cell(self.embedding(token), state)
            logits.append(self.head(state[0]))  # (N, vocab)
        return -cross_entropy(torch.stack(logits, 2), x, reduction="none")  # (N, vocab, T), (N, T) -> (N, T)

    @torch.no_grad()
    def rollouts(self, x: Tensor, times: int) -> Tensor:
        """Complete every prefix of x (N, T) several times -> (T-1, N, times, T).

        Rollout [t-1] begins with the first t tokens of x, and its other tokens are sampled. All rollouts are sampled in
        one pass: at each position, those that have begun are continued, and the next one begins from x.

        Args:
            x: Token ids (N, T).
            times: Number of completions of each prefix.

        Returns:
            Token ids (T-1, N, times, T).
        """
        n, length = x.shape
        paths = x[:, None].repeat(length - 1, 1, times, 1).view(length - 1, n * times, length)
        token = torch.zeros(n * times, dtype=torch.long, device=x.device)
        h, c = self.cell(self.embedding(token))
        for t in range(1, length):
            if t > 1:  # the new rollout starts from the last one's state, which has read only tokens of x so far
                h, c = (torch.cat([state, state[-n * times :]]) for state in (h, c))  # (t * N * times, width)
            h, c = self.cell(self.embedding(paths[:t, :, t - 1].flatten()), (h, c))
            paths[:t, :, t] = self._point(h, torch.rand(len(h), device=x.device)).view(t, -1)
        return paths.view(length - 1, n, times, length)

    def _point(self, h: Tensor, pointer: Tensor) -> Tensor:
        """Pick tokens (N,) by states (N, width) and uniform numbers (N,) in (0, 1)."""
        return torch.cat([self._token(*part) for part in zip(h.split(CHUNK), pointer.split(CHUNK), strict=True)])

    def _token(self, h: Tensor, pointer: Tensor) -> Tensor:
        stacked = self.head(h).float().softmax(1).cumsum(1)  # (N, vocab)
        return (stacked < pointer[:, None]).sum(1).clamp(max=stacked.shape[1] - 1)


class SeqGANDiscriminator(Discriminator):
    """A TextCNN: filters over the tokens, the maximum of each over all positions, and a highway layer.

    Args:
        spec: Shape, kind and classes of the samples.
        embedding: Width of a token's embedding.
        sizes: Numbers of tokens that filters span; those longer than a sample are left out.
        width: Number of filters of every size, or of each size by itself.
        dropout: Probability of dropping a feature.
    """

    def __init__(
        self,
        spec: Spec,
        embedding: PositiveInt = 64,
        sizes: Sequence[PositiveInt] = SIZES,
        width: PositiveInt | Sequence[PositiveInt] = WIDTHS,
        dropout: Annotated[float, Field(ge=0, lt=1)] = 0.25,
    ):
        super().__init__()
        length, vocab = need_tokens("discriminator seqgan", spec)
        widths = [width] * len(sizes) if isinstance(width, int) else width
        filters = [(size, n) for size, n in zip(sizes, widths, strict=False) if size <= length]
        if not filters or len(widths) != len(sizes):
            raise IncompatibleError(
                f"discriminator seqgan needs a width for each of {len(sizes)} sizes, one of them {length} or less: "
                "add discriminator.sizes=[1,2,3] discriminator.width=100."
            )
        total = sum(n for _, n in filters)
        self.embedding = nn.Embedding(vocab, embedding)
        self.filters = nn.ModuleList(nn.Conv1d(embedding, n, size) for size, n in filters)
        self.gate = nn.Linear(total, total)
        self.transform = nn.Linear(total, total)
        self.dropout = nn.Dropout(dropout)
        self.head = nn.Linear(total, 2)  # fake, real: the paper's softmax over two is the sigmoid of their difference
        nn.init.uniform_(self.embedding.weight, -1.0, 1.0)
        nn.init.constant_(self.gate.bias, -2.0)  # a highway layer begins close to the identity (arXiv:1505.00387)

    def features(self, x: Tensor, y: Tensor | None = None) -> Tensor:
        embedded = self.embedding(x).mT  # (N, T) -> (N, embedding, T)
        pooled = torch.cat([conv(embedded).relu().amax(2) for conv in self.filters], 1)  # (N, total)
        gate = self.gate(pooled).sigmoid()
        return self.dropout(gate * self.transform(pooled).relu() + (1 - gate) * pooled)

    def logits(self, features: Tensor, y: Tensor | None = None) -> Tensor:
        fake, real = self.head(features).unbind(1)  # (N, 2) -> (N,), (N,)
        return real - fake


class SeqGAN(Procedure):
    """Algorithm 1 of SeqGAN (arXiv:1609.05473), for token ids.

    The player `pretraining` is the generator while it learns by likelihood, with an optimizer of its own.

    Args:
        spec: Shape, kind and classes of the samples.
        generator: Blueprint of the generator.
        discriminator: Blueprint of the discriminator.
        regularizer: Blueprints of the regularizers, which do without gradients at samples.
        pretrain_g: Number of steps of maximum likelihood, the first stage.
        pretrain_d: Number of steps of the discriminator alone, the second stage.
        g_steps: Generator moves per step of the third stage.
        d_steps: Discriminator moves per step of the third stage.
        rollouts: Number of Monte Carlo completions per prefix.
        lag: Decay of theta' when it follows the generator, 0 for a copy.
        baseline: Subtract the mean over the batch from the rewards.

    Raises:
        IncompatibleError: The generator cannot complete sequences, or a regularizer needs the gradient at a sample.
    """

    discrete = True

    def __init__(
        self,
        spec: Spec,
        generator: Blueprint,
        discriminator: Blueprint,
        regularizer: list[Blueprint] | None = None,
        pretrain_g: NonNegativeInt = 1000,
        pretrain_d: NonNegativeInt = 500,
        g_steps: PositiveInt = 1,
        d_steps: PositiveInt = 5,
        rollouts: PositiveInt = 16,
        lag: Annotated[float, Field(ge=0, lt=1)] = 0.8,
        baseline: bool = False,
    ):
        super().__init__()
        self.G = generator(spec)
        self.D = discriminator(spec)
        if not hasattr(self.G, "rollouts"):
            raise IncompatibleError(
                'procedure seqgan needs a generator that completes sequences: use generator.use="seqgan".'
            )
        self.regularizers = Regularizers(regularizer, self.D, self.G, spec)
        self._check_regularizers()
        self.lagged = copy.deepcopy(self.G).requires_grad_(False)  # theta'
        self.pretrain_g = pretrain_g
        self.pretrain_d = pretrain_d
        self.g_steps = g_steps
        self.d_steps = d_steps
        self.batches_per_step = d_steps
        self.times = rollouts
        self.lag = lag
        self.baseline = baseline

    def players(self) -> dict[str, list[nn.Module]]:
        return {"pretraining": [self.G], "generator": [self.G], "discriminator": [self.D]}

    def generators(self) -> list[Generator]:
        return [self.G]

    def sample(self, n: int, y: Tensor | None = None) -> Tensor:
        return self.G(self.G.prior(n))

    def step(self, data: Iterator[Batch], t: int) -> Iterator[Move]:
        real = next(data)["x"]  # (N, T)
        last_stage = self.pretrain_g + self.pretrain_d
        if t < self.pretrain_g:
            yield {"pretraining": {"nll": -self.G.log_likelihood(real).mean()}}
        elif t < last_stage:
            yield from self._judge(real, t)
        else:
            if t == last_stage:
                self.lagged.load_state_dict(self.G.state_dict())
            for _ in range(self.g_steps):
                yield {"generator": {"policy": self.policy_loss(self._draw(len(real)))}}
            self.follow()
            for k in range(self.d_steps):
                yield from self._judge(real if k == 0 else next(data)["x"], t)
            with torch.no_grad():
                self.log(nll=-self.G.log_likelihood(real))  # of the data: it rises when variety is lost

    def policy_loss(self, x: Tensor) -> Tensor:
        """Return a scalar whose gradient is that of REINFORCE on samples (N, T); rewards have no gradient."""
        rewards = self.rewards(x)  # (N, T)
        self.log(reward=rewards)
        if self.baseline:
            rewards = rewards - rewards.mean(0)
        return -(self.G.log_likelihood(x) * rewards).sum(1).mean()

    @torch.no_grad()
    def rewards(self, x: Tensor) -> Tensor:
        """Return Q of each token, (N, T) -> (N, T) in [0, 1]."""
        paths = self.lagged.rollouts(x, self.times)  # (T-1, N, times, T)
        ahead = self._chance_of_real(paths.flatten(0, 2)).view(paths.shape[:3]).mean(2)  # (T-1, N)
        return torch.cat([ahead, self._chance_of_real(x)[None]]).T

    @torch.no_grad()
    def follow(self) -> None:
        """Update theta' <- lag theta' + (1 - lag) theta."""
        for lagged, current in zip(self.lagged.parameters(), self.G.parameters(), strict=True):
            lagged.lerp_(current, 1 - self.lag)

    def _judge(self, real: Tensor, t: int) -> Iterator[Move]:
        real_logits = self.D(real)  # (N,); before the draw, since dropout takes random numbers too
        fake = self._draw(len(real))  # (N, T)
        fake_logits = self.D(fake)  # (N,)
        self.log(real=real_logits, fake=fake_logits)
        comparison = Comparison.of(
            self.D,
            self.G,
            real,
            fake,
            real_logits=real_logits,
            fake_logits=fake_logits,
            step=t,
            over_processes=self.over_processes,
        )
        own = {"adversarial": softplus(-real_logits).mean() + softplus(fake_logits).mean()}
        yield {"discriminator": self.regularizers.terms(comparison, own)}
        self.regularizers.project()

    def _check_regularizers(self) -> None:
        for item in self.regularizers:
            if item.per_sample or item in self.regularizers.for_generator():
                raise IncompatibleError(
                    f"procedure seqgan: {type(item).__name__} needs gradients at samples, and samples are token ids, "
                    "which have none. Leave it out, or use a regularizer of the discriminator's weights, such as "
                    "spectral_norm."
                )

    @torch.no_grad()
    def _draw(self, n: int) -> Tensor:
        return self.sample(n)

    def _chance_of_real(self, x: Tensor) -> Tensor:
        """Return the probability of real (M,) of samples (M, T), without dropout."""
        with eval_mode(self.D):
            return torch.cat([self.D(part).float() for part in x.split(CHUNK)]).sigmoid()
