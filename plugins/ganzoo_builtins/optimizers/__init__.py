"""Optimizers: those of torch.optim by their lower-case names, except two, and four of this package.

LBFGS is left out because it evaluates the loss several times a step, while a move is computed once; SparseAdam because
it needs sparse gradients, which no network here has.
"""

from __future__ import annotations

import ganzoo


@ganzoo.hookimpl
def ganzoo_register(zoo: ganzoo.Zoo) -> None:
    def add(name: str, target: str, summary: str, paper: str) -> None:
        zoo.add("optimizer", name, target, summary=summary, paper=paper)

    # With fused kernels.
    fused = "ganzoo_builtins.optimizers.fused"
    add("adam", f"{fused}:adam", "Adaptive moments; GANs often use betas = [0.5, 0.999]", "arXiv:1412.6980")
    add("adamw", f"{fused}:adamw", "Adam with decoupled weight decay", "arXiv:1711.05101")
    add("sgd", f"{fused}:sgd", "Gradient descent, optional momentum", "https://doi.org/10.1214/aoms/1177729586")
    # Unchanged.
    add("adadelta", "torch.optim:Adadelta", "Adagrad over a window of the past", "arXiv:1212.5701")
    add("adafactor", "torch.optim:Adafactor", "Adam with factored second moments, to save memory", "arXiv:1804.04235")
    add("adagrad", "torch.optim:Adagrad", "Adaptive by the sum of squares", "https://jmlr.org/papers/v12/duchi11a.html")
    add("adamax", "torch.optim:Adamax", "Adam under the infinity norm", "arXiv:1412.6980")
    add("asgd", "torch.optim:ASGD", "Gradient descent that averages its weights", "https://doi.org/10.1137/0330046")
    add("nadam", "torch.optim:NAdam", "Nesterov's Adam", "https://openreview.net/forum?id=OM0jvwB8jIp57ZJjtNEZ")
    add("radam", "torch.optim:RAdam", "Adam with a rectified warm-up", "arXiv:1908.03265")
    add("rmsprop", "torch.optim:RMSprop", "Adaptive by a running mean of squares; WGAN's", "arXiv:1308.0850")
    add("rprop", "torch.optim:Rprop", "Signs of full-batch gradients", "https://doi.org/10.1109/ICNN.1993.298623")
    # Of this package.
    muon = "ganzoo_builtins.optimizers.muon:Muon"
    add("muon", muon, "Orthogonal momentum for hidden layers, AdamW for the rest", "arXiv:2502.16982")
    games = "ganzoo_builtins.optimizers.games"
    add("optimistic_adam", f"{games}:OptimisticAdam", "Adam that predicts the opponent, for games", "arXiv:1711.00141")
    add("lookahead", f"{games}:Lookahead", "Adam that goes back half of the way, for games", "arXiv:2006.14567")
    rising = "ganzoo_builtins.optimizers.rising_momentum:RisingMomentum"
    add("rising_momentum", rising, "Gradient descent with increasing momentum", "arXiv:1406.2661")
