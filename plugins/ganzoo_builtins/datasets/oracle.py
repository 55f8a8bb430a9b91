"""Sequences from an oracle: a random LSTM that can compute the likelihood of generated sequences.

The synthetic task of SeqGAN, Yu et al. 2017 (arXiv:1609.05473), section 4.
"""

from __future__ import annotations

from functools import cached_property
from typing import Annotated

import torch
from pydantic import Field
from torch import Tensor, nn

from ganzoo import Batch, Dataset, Spec
from ganzoo_builtins.datasets.in_memory import InMemoryDataset
from ganzoo_builtins.datasets.split import held_out_split

CHUNK = 1000  # sequences at a time
Size = Annotated[int, Field(gt=0, le=10**4)]


class Oracle(InMemoryDataset):
    """Sequences of token ids sampled from an LSTM whose weights are drawn from N(0, 1). x: int64 (n, length).

    The defaults are the paper's.

    Args:
        n: Number of sequences.
        vocab: Size of the vocabulary.
        length: Tokens per sequence.
        hidden: Units of the LSTM, and width of the token embedding.
        seed: Seed of the weights and the sequences. Scores with different seeds cannot be compared.
    """

    measured = 1000

    def __init__(
        self,
        n: Annotated[int, Field(gt=0, le=10**7)] = 10_000,
        vocab: Annotated[int, Field(gt=1, le=10**6)] = 5000,
        length: Size = 20,
        hidden: Size = 32,
        seed: int = 0,
    ):
        self.n = n
        self.hidden = hidden
        self.seed = seed
        self.sequence_seed = seed + 1
        self.spec = Spec((length,), vocab=vocab)

    def __len__(self) -> int:
        return self.n

    def held_out(self) -> Dataset:
        """Return further sequences of the same oracle."""
        n, sequence_seed = held_out_split(self.n, self.sequence_seed)
        other = Oracle(n, self.spec.vocab, self.spec.shape[0], self.hidden, self.seed)
        other.sequence_seed = sequence_seed
        return other

    def measure(self, samples: Tensor) -> dict[str, float]:
        """Return the mean of `nll()`."""
        return {"nll": self.nll(samples).mean().item()}

    def nll(self, x: Tensor) -> Tensor:
        """Return the negative log-likelihood per token of sequences (N, length), (N,)."""
        return torch.cat([self._language.nll(part) for part in x.split(CHUNK)])

    def draw(self, n: int, seed: int) -> Tensor:
        """Sample sequences.

        Args:
            n: Number of sequences.
            seed: Seed of the sequences; the weights do not depend on it.

        Returns:
            Token ids (n, length), int64.
        """
        generator = torch.Generator().manual_seed(seed)
        sizes = [min(CHUNK, n - start) for start in range(0, n, CHUNK)]
        return torch.cat([self._language.draw(size, self.spec.shape[0], generator) for size in sizes])

    @cached_property
    def _language(self) -> Language:
        return Language(self.spec.vocab, self.hidden, torch.Generator().manual_seed(self.seed))

    def load(self) -> Batch:
        return {"x": self.draw(self.n, self.sequence_seed)}


class Language(nn.Module):
    """A language model: an LSTM with the probabilities of the next token. Token 0 precedes every sequence.

    Args:
        vocab: Size of the vocabulary.
        hidden: Units of the LSTM, and width of the token embedding.
        generator: Random generator of the weights.
    """

    def __init__(self, vocab: int, hidden: int, generator: torch.Generator):
        super().__init__()
        with torch.device("meta"):  # so that the global random generator is not used
            self.embedding = nn.Embedding(vocab, hidden)
            self.cell = nn.LSTMCell(hidden, hidden)
            self.head = nn.Linear(hidden, vocab)
        self.to_empty(device="cpu").requires_grad_(False)
        for parameter in self.parameters():
            parameter.normal_(generator=generator)
        self.cell.bias_hh.zero_()  # PyTorch's LSTM adds two biases, and one is enough

    def nll(self, x: Tensor) -> Tensor:
        """Return the negative log-likelihood per token of sequences (N, T), (N,)."""
        state, token, total = self._begin(len(x))
        for t in range(x.shape[1]):
            state = self.cell(self.embedding(token), state)  # (N, hidden) twice
            token = x[:, t]
            total = total + nn.functional.cross_entropy(self.head(state[0]), token, reduction="none")
        return total / x.shape[1]

    def draw(self, n: int, length: int, generator: torch.Generator) -> Tensor:
        """Sample n sequences of `length` tokens, (n, length)."""
        state, token, _ = self._begin(n)
        tokens = []
        for _ in range(length):
            state = self.cell(self.embedding(token), state)
            probabilities = self.head(state[0]).softmax(1)  # (n, vocab)
            token = probabilities.multinomial(1, generator=generator).squeeze(1)
            tokens.append(token)
        return torch.stack(tokens, 1)

    def _begin(self, n: int) -> tuple[tuple[Tensor, Tensor], Tensor, Tensor]:
        """Return the state before the first token, token 0, and a sum of zeros."""
        hidden = torch.zeros(n, self.cell.hidden_size)
        return (hidden, hidden), torch.zeros(n, dtype=torch.long), torch.zeros(n)
