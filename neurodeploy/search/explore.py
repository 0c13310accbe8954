"""A search over the levers of one trained network, by NSGA-II (Deb et al. 2002) in Optuna."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import optuna
from optuna.distributions import BaseDistribution, FloatDistribution, IntDistribution
from optuna.study import StudyDirection

from neurodeploy._io.executor import HERE, Pool
from neurodeploy.model.decoder import FEWEST_DECODER_BITS, FLOAT_BITS
from neurodeploy.netx.network import Network
from neurodeploy.netx.units import FEWEST_BITS, FULL_BITS
from neurodeploy.search.compression import Levers, uncompressed
from neurodeploy.search.pruning import hidden_layers
from neurodeploy.search.scoring import Score, Scorer

DIRECTIONS = (*[StudyDirection.MINIMIZE] * 3, StudyDirection.MAXIMIZE)
"""Of `Score.objectives`."""

POPULATION = 50
"""Settings of one generation, Optuna's default; they are scored together."""

ALONE = (0.25, 0.5, 0.75)
"""Where in its range each lever is tried with all others at rest."""


def lever_space(
    network: Network, steps: int, decoder_bits: int = FLOAT_BITS
) -> dict[str, BaseDistribution]:
    """What is searched: every lever that can change the network or its decoder, and its range.

    Fewer bits of a decoder in floats are no lever: its host would multiply floats all the same.
    """
    least_steps = min(steps, network.latency_steps + 1)
    space: dict[str, BaseDistribution] = {"steps": IntDistribution(least_steps, steps)}
    if hidden_layers(network):
        space["dropped"] = FloatDistribution(0.0, 0.8, step=0.05)
    for at, layer in enumerate(network.layers):
        if layer.matrices:
            space[f"thresholds {at}"] = FloatDistribution(0.5, 2.0, log=True)
            space[f"weight_bits {at}"] = IntDistribution(FEWEST_BITS, FULL_BITS)
            space[f"pruned {at}"] = FloatDistribution(0.0, 0.9, step=0.05)
    if decoder_bits != FLOAT_BITS:
        space["decoder_bits"] = IntDistribution(FEWEST_DECODER_BITS, decoder_bits)
    return space


def levers_of(values: Mapping[str, Any], rest: Levers) -> Levers:
    """The setting of some values of `lever_space`; levers that are not named are at rest."""
    fields = rest.to_dict()
    for name, value in values.items():
        field, _, layer = name.partition(" ")
        if layer:
            fields[field][int(layer)] = value
        else:
            fields[field] = value
    return Levers.from_dict(fields)


def explore(
    scorer: Scorer,
    number: int,
    *,
    loss: float = 0.1,
    seed: int = 0,
    pool: Pool = HERE,
    report: Callable[[int], None] = lambda scored: None,
) -> dict[Levers, Score]:
    """Score settings of the levers, the more promising ones later.

    The first is at rest. Then each lever is tried alone, then they are searched together, for
    high accuracy, small energy proxies of chip and host, and few cores. The pool changes nothing.

    Parameters
    ----------
    scorer : Scorer
        Of a bundle and samples.
    number : int
        Settings to try; those that come up again are not scored again.
    loss : float
        Accuracy that may be given up against the setting at rest; others guide the search only
        to better ones.
    seed : int
        Of the search.
    pool : Pool
        Where settings are scored.
    report : callable
        Told how many were scored, after each generation.

    Returns
    -------
    dict of Levers to Score
        In the order in which they were scored.
    """
    network, steps = scorer.bundle.network, scorer.spikes.shape[-1]
    bits = scorer.decoder_bits
    rest, space = uncompressed(network, steps, bits), lever_space(network, steps, bits)
    silence_optuna()
    study = optuna.create_study(
        directions=DIRECTIONS,
        sampler=optuna.samplers.NSGAIISampler(population_size=POPULATION, seed=seed),
    )
    for values in _one_at_a_time(space, rest):
        study.enqueue_trial(values)
    scores: dict[Levers, Score] = {}
    for done in range(0, number, POPULATION):
        trials = [study.ask(space) for _ in range(min(POPULATION, number - done))]
        settings = [levers_of(trial.params, rest) for trial in trials]
        new = [levers for levers in dict.fromkeys(settings) if levers not in scores]
        scores.update(zip(new, scorer.all(new, pool), strict=True))
        for trial, levers in zip(trials, settings, strict=True):
            trial.set_constraint("loss", scores[rest].accuracy - scores[levers].accuracy - loss)
            study.tell(trial, scores[levers].objectives)
        report(len(trials))
    return scores


def silence_optuna() -> None:
    """Keep Optuna's messages about single trials from our users."""
    optuna.logging.set_verbosity(optuna.logging.WARNING)


def _one_at_a_time(space: Mapping[str, BaseDistribution], rest: Levers) -> list[dict[str, Any]]:
    """Values of all levers: at rest, then each one moved alone."""
    fields, values = rest.to_dict(), {}
    for name in space:
        field, _, layer = name.partition(" ")
        values[name] = fields[field][int(layer)] if layer else fields[field]
    settings = [values]
    for name, distribution in space.items():
        for place in ALONE:
            moved = {**values, name: _within(distribution, place)}
            if moved not in settings:
                settings.append(moved)
    return settings


def _within(distribution: BaseDistribution, place: float) -> float | int:
    """A value at a part of the range."""
    assert isinstance(distribution, FloatDistribution | IntDistribution)
    low, high, step = distribution.low, distribution.high, distribution.step
    if isinstance(distribution, IntDistribution):
        return round(low + place * (high - low))
    if distribution.log:
        return low * (high / low) ** place
    assert step is not None
    return low + round(place * (high - low) / step) * step
