"""What ganzoo.interfaces promises, asked of every built-in network, loss, transform and all the rest but data
and procedures.

Nothing here is written for one component: whatever is registered under these kinds is covered.
"""

import copy

import pytest
import torch
from torch import nn

from ganzoo import Misfit, Spec
from ganzoo.blueprint import Blueprint
from ganzoo.discovery import load

ZOO = load().zoo
SPECS = [
    Spec((1, 28, 28)),
    Spec((1, 28, 28), classes=10),
    Spec((3, 32, 32)),
    Spec((3, 32, 32), classes=10),
    Spec((2,)),
    Spec((1,), classes=2),
    Spec((12,), vocab=9),
]
N = 3
SMALL = {"width": 8, "bottleneck": 16}  # settings of networks that are larger than a walk needs


def every(*kinds):
    entries = [entry for kind in kinds for entry in ZOO.entries(kind) if entry.owner == "ganzoo"]
    return pytest.mark.parametrize("entry", entries, ids=lambda entry: f"{entry.kind} {entry.full_name}")


def fitting(entry):
    """(spec, network) for each spec that the network takes."""
    for spec in SPECS:
        try:
            torch.manual_seed(0)
            yield spec, made(entry, spec)
        except Misfit:
            continue


def made(entry, spec):
    known = Blueprint(entry).signature.settings
    return entry.load()(spec, **{name: value for name, value in SMALL.items() if name in known})


def labels(spec):
    return torch.arange(N) % spec.classes if spec.classes else None


def samples(spec):
    return pictures(spec.shape, spec.vocab)


def pictures(shape, vocab=0):
    return torch.randint(vocab, (N, *shape)) if vocab else torch.rand(N, *shape) * 2 - 1


def source(G, spec):
    return G.prior(N) if G.z_dim else pictures(G.source_shape or spec.shape, spec.vocab)


def under(seed, net, given, y):
    """The output when what the network draws by itself, such as dropout that stays on, is drawn from this seed."""
    torch.manual_seed(seed)
    return net(given, y)


def assert_all_get_a_gradient(net):
    for name, parameter in net.named_parameters():
        assert parameter.grad is not None and parameter.grad.isfinite().all(), name
        if parameter.dim() > 1:  # a bias before batch norm has a gradient of zero
            assert parameter.grad.any(), name


@every("generator", "discriminator", "encoder", "loss", "regularizer", "transform", "optimizer", "schedule")
def test_described(entry):
    assert 0 < len(entry.summary) <= 60 and not entry.summary.endswith(".")
    assert entry.paper.startswith(("arXiv:", "https://")) or entry.name in ("constant", "linear", "noise", "negative")
    if entry.kind != "optimizer":
        assert entry.load().__doc__


@every("generator", "discriminator", "encoder", "loss", "regularizer", "transform", "optimizer", "schedule")
def test_defaults_make_a_recipe(entry):
    """Every setting has a default, which passes its own check and survives JSON."""
    filled = Blueprint(entry).filled()
    assert filled.pop("use") == entry.full_name
    assert Blueprint(entry, filled).problems() == []
    assert Blueprint(entry, {"no_such_setting": 1}).problems()


@every("generator", "discriminator", "encoder")
def test_a_network_fits_or_says_what_would(entry):
    fits = 0
    for spec in SPECS:
        try:
            made(entry, spec)
            fits += 1
        except Misfit as refusal:
            message = refusal.format_message()
            assert message.startswith(f"{entry.kind} {entry.name} ") and ": " in message and message.endswith(".")
    assert fits


@every("generator")
def test_generator(entry):
    for spec, G in fitting(entry):
        y = labels(spec) if G.conditional else None
        x = G(source(G, spec), y)
        assert x.shape == (N, *spec.shape)
        assert x.isfinite().all()
        if spec.is_image:
            assert x.abs().max() <= 1
        if spec.vocab:
            assert x.dtype is torch.int64 and 0 <= x.min() <= x.max() < spec.vocab
        else:
            x.square().sum().backward()
            assert_all_get_a_gradient(G)
        assert spec.classes or not G.conditional


@every("generator")
def test_prior(entry):
    for _, G in fitting(entry):
        if not G.z_dim:
            continue
        torch.manual_seed(1)
        z = G.prior(5)
        torch.manual_seed(1)
        assert torch.equal(z, G.prior(5))
        assert z.shape == (5, G.z_dim) and z.dtype is torch.float32
        assert G.to("meta").prior(2).is_meta


@every("discriminator")
def test_discriminator(entry):
    for spec, D in fitting(entry):
        y = labels(spec) if D.conditional else None
        x = samples(spec)
        assert D.features(x, y).dim() == 2 and len(D.features(x, y)) == N
        logits = D(x, y)
        assert logits.shape == (N,) or (logits.dim() == 4 and logits.shape[:2] == (N, 1))
        logits.square().sum().backward()
        assert_all_get_a_gradient(D)
        assert spec.classes or not D.conditional


@every("encoder")
def test_encoder(entry):
    """A code, which is the mean where a distribution is told; every weight has a part in what is told."""
    for spec, E in fitting(entry):
        y = labels(spec) if E.conditional else None
        x = samples(spec)
        code = E(x, y)
        assert code.shape == (N, E.z_dim) and E.z_dim > 0 and code.isfinite().all()
        told = [code]
        if E.probabilistic:
            told = E.posterior(x, y)
            assert [one.shape for one in told] == [code.shape, code.shape]
            torch.testing.assert_close(told[0], code)
        sum(one.square().sum() for one in told).backward()
        assert_all_get_a_gradient(E)
        assert spec.classes or not E.conditional


@every("discriminator")
def test_logits_are_not_squashed(entry):
    """A sigmoid at the end would bound them."""
    for spec, D in fitting(entry):
        with torch.no_grad():
            for parameter in D.parameters():
                parameter.mul_(100)
        assert D(samples(spec), labels(spec) if D.conditional else None).abs().max() > 1


@every("generator", "discriminator", "encoder")
def test_network_on_the_meta_device(entry):
    """`ganzoo check` builds there: no layer may be made on a device of its own choosing."""
    for spec, _ in fitting(entry):
        with torch.device("meta"):
            net = made(entry, spec)
            given = source(net, spec) if entry.kind == "generator" else samples(spec)
            assert net(given, labels(spec) if net.conditional else None).is_meta


@every("generator", "discriminator", "encoder")
def test_network_survives_a_copy_and_a_checkpoint(entry):
    for spec, net in fitting(entry):
        net.eval()
        given = source(net, spec) if entry.kind == "generator" else samples(spec)
        y = labels(spec) if net.conditional else None
        twin = copy.deepcopy(net)
        assert torch.equal(under(3, net, given, y), under(3, twin, given, y))
        torch.manual_seed(7)
        other = made(entry, spec).eval()
        other.load_state_dict(net.state_dict())
        assert torch.equal(under(3, net, given, y), under(3, other, given, y))
        one = y[:1] if y is not None else None
        if torch.equal(under(3, net, given, y), under(4, net, given, y)):  # eval: one by one, unless noise is drawn
            torch.testing.assert_close(net(given[:1], one), net(given, y)[:1], rtol=1e-4, atol=1e-5)


@every("loss")
@pytest.mark.parametrize("shape", [(4,), (4, 1, 2, 2)], ids=["logits", "patches"])
def test_loss(entry, shape):
    """Scalars, and gradients that push real logits up and fake ones down, and the generator's fakes up."""
    loss = entry.load()()
    real = torch.full(shape, 0.25, requires_grad=True)
    fake = torch.full(shape, 0.25, requires_grad=True)
    d = loss.discriminator(real, fake)
    assert d.shape == () and d.dtype is torch.float32
    for_real, for_fake = torch.autograd.grad(d, [real, fake])
    assert (for_real < 0).all() and (for_fake > 0).all()
    g = loss.generator(real if loss.uses_real else None, fake)
    assert g.shape == () and g.dtype is torch.float32
    (for_fake,) = torch.autograd.grad(g, fake)
    assert (for_fake < 0).all()
    assert all(number.shape == () and number.isfinite() for number in loss.report(real, fake).values())


@every("regularizer")
def test_regularizer(entry):
    """Terms are penalties on the critic alone; a projection moves weights and nothing else."""
    regularizer = entry.load()()
    assert regularizer.every == 1
    critic = nn.Sequential(nn.Flatten(), nn.Linear(8, 16), nn.Tanh(), nn.Linear(16, 1), nn.Flatten(0))
    regularizer.check(critic)
    real, fake = (torch.randn(5, 2, 2, 2, requires_grad=True) for _ in range(2))
    torch.manual_seed(1)
    terms = regularizer.terms(critic, real, fake)
    torch.manual_seed(1)
    again = regularizer.terms(critic, real, fake)
    for name, term in terms.items():
        assert term.shape == () and term.dtype is torch.float32
        assert term >= 0 and torch.equal(term, again[name])
        term.backward()
    assert real.grad is None and fake.grad is None
    assert not terms or critic[1].weight.grad.any()
    shapes = [p.shape for p in critic.parameters()]
    regularizer.project(critic)
    assert [p.shape for p in critic.parameters()] == shapes
    assert all(p.requires_grad and p.isfinite().all() for p in critic.parameters())


@every("transform")
def test_transform(entry):
    """Images of the shape that it says, in range, on any device, the same for the same seed; others are refused."""
    transform, fits = entry.load()(), 0
    for spec in SPECS:
        try:
            made = transform.spec(spec)
        except Misfit as refusal:
            assert refusal.format_message().startswith(f"transform {entry.name} ")
            continue
        fits += 1
        torch.manual_seed(1)
        x = samples(spec)
        before = x.clone()
        torch.manual_seed(2)
        a = transform(x)
        assert a.shape == (N, *made.shape) and a.dtype is torch.float32 and a.abs().max() <= 1
        assert torch.equal(x, before) and not torch.equal(a, x)
        torch.manual_seed(2)
        assert torch.equal(transform(x), a)
        assert made.classes == spec.classes
        assert transform(x.to("meta")).is_meta
    assert fits


@every("optimizer")
def test_optimizer(entry):
    """It descends, and goes on from a checkpoint as if it had never stopped."""
    torch.manual_seed(0)
    weight = nn.Parameter(torch.randn(4, 4))
    optimizer = entry.load()([weight])
    before = weight.square().sum().item()
    for _ in range(5):
        _step(weight, optimizer)
    assert weight.square().sum().item() < before
    twin = nn.Parameter(weight.detach().clone())
    resumed = entry.load()([twin])
    resumed.load_state_dict(copy.deepcopy(optimizer.state_dict()))
    _step(weight, optimizer)
    _step(twin, resumed)
    assert torch.equal(weight, twin)


def _step(weight, optimizer):
    optimizer.zero_grad()
    weight.square().sum().backward()
    optimizer.step()


@every("schedule")
def test_schedule(entry):
    """A pure function of the step: a fresh one, asked out of order, says the same."""
    schedule, fresh = entry.load()(), entry.load()()
    factors = [schedule(t, 50) for t in range(50)]
    assert factors == [fresh(t, 50) for t in reversed(range(50))][::-1]
    assert all(type(factor) is float and 0 <= factor < 10 for factor in factors)
    assert max(factors) > 0
