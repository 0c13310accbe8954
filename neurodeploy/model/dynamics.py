r"""What CUBA neurons do over a whole batch: the chip's integers forward, SLAYER's gradients back.

.. math::
    u_t = \mathrm{trunc}\big((1 - \alpha_u)\,u_{t-1}\big) + z_t, \qquad
    v_t = \mathrm{trunc}\big((1 - \alpha_v)\,v_{t-1}(1 - s_{t-1})\big) + u_t, \qquad
    s_t = [v_t > \vartheta_t]

The rules and their gradients are those of lava-dl 0.6.0 (``leaky_integrator``, ``cuba.Neuron``,
``Spike``), where they are a dozen operations on small tensors in every time step. Here they are
compiled loops on a CPU and PyTorch operations elsewhere. Both carry the integers in float64,
where every product is exact.

Tensors are ``[batch, *features, time]``, as views of memory that has time first: neurons lie side
by side, and no function has to copy.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import torch

from neurodeploy.model.compiling import compiled, loops_take
from neurodeploy.model.decays import of_current_decay, of_decays
from neurodeploy.model.exponential import falling_exp
from neurodeploy.model.workers import share
from neurodeploy.netx.units import DECAY_SCALE, STATE_SCALE

CHUNK = 1024
"""Neurons whose states stay in the nearest cache over all time steps."""


def time_first(values: torch.Tensor) -> torch.Tensor:
    """[batch, *features, time] as contiguous [time, batch, *features]."""
    return values.movedim(-1, 0).contiguous()


def time_last(rows: torch.Tensor) -> torch.Tensor:
    """[time, batch, *features] as a view [batch, *features, time]."""
    return rows.movedim(0, -1)


class HiddenNeuron(NamedTuple):
    """What the neurons of a hidden layer have in common.

    ``current_factor`` and ``voltage_factor`` are 4,096 minus the decays, ``threshold`` is in
    SLAYER's units, ``width`` and ``height`` are w and h of the surrogate gradient.
    """

    current_factor: int
    voltage_factor: int
    threshold: float
    width: float
    height: float

    @property
    def factors(self) -> tuple[int, int]:
        """Decay factors of current and voltage."""
        return self.current_factor, self.voltage_factor


class Current(torch.autograd.Function):
    """The synaptic current u, a leaky integral of what arrives."""

    @staticmethod
    def forward(
        ctx: Any, arriving: torch.Tensor, factor: int, decay: torch.Tensor | None = None
    ) -> torch.Tensor:
        """Integrate.

        Parameters
        ----------
        arriving : Tensor [batch, *features, time], float32
            Weighted spikes z, in SLAYER's units.
        factor : int
            Decay factor, 4,096 minus the current decay.
        decay : Tensor [], optional
            The decay, to get a gradient.

        Returns
        -------
        Tensor [batch, *features, time], float32
        """
        current = integrate(time_first(arriving), factor)
        ctx.factor = factor
        ctx.save_for_backward(None if decay is None else current)
        return time_last(current)

    @staticmethod
    def backward(ctx: Any, *grads: torch.Tensor) -> tuple[torch.Tensor | None, ...]:
        """The adjoint recursion, without rounding."""
        (current,), direct = ctx.saved_tensors, time_first(grads[0])
        carry = torch.full_like(direct[:1], ctx.factor / DECAY_SCALE)
        out = adjoint(direct, carry)
        return time_last(out), None, None if current is None else of_current_decay(out, current)


class HiddenSpikes(torch.autograd.Function):
    r"""Spikes of deterministic neurons, with SLAYER's surrogate gradient.

    The derivative of a spike is :math:`\frac{h}{2w} e^{-|v - \vartheta| / w}`, and the adjoint of
    the voltage does not see the reset. SLAYER adds an epsilon of 0.01/4096 to the threshold here.
    """

    @staticmethod
    def forward(
        ctx: Any,
        arriving: torch.Tensor,
        bias: torch.Tensor | None,
        neuron: HiddenNeuron,
        decays: torch.Tensor | None = None,
    ) -> torch.Tensor:
        """Integrate twice, spike, reset.

        Parameters
        ----------
        arriving : Tensor [batch, *features, time], float32
            Weighted spikes z, in SLAYER's units.
        bias : Tensor [*features], float32, or None
            Added to the current, in SLAYER's units.
        neuron : HiddenNeuron
            What all of them have in common.
        decays : Tensor [2], optional
            Of current and voltage, to get gradients.

        Returns
        -------
        Tensor [batch, *features, time], float32
            0 or 1.
        """
        rows = time_first(arriving)
        if loops_take(rows):
            voltage, spikes = _hidden_spikes(rows, bias, neuron)
        else:
            current = integrate(rows, neuron.current_factor)
            drive = current if bias is None else current + bias
            level = torch.full_like(rows[:1], neuron.threshold)
            voltage, spikes = integrate_and_fire(drive, level, neuron.voltage_factor)
        ctx.save_for_backward(voltage, bias)
        ctx.neuron, ctx.learns_decays = neuron, decays is not None
        return time_last(spikes)

    @staticmethod
    def backward(ctx: Any, *grads: torch.Tensor) -> tuple[torch.Tensor | None, ...]:
        """Surrogate, then the adjoints of voltage and current: gradients of drive and bias."""
        (voltage, bias), neuron = ctx.saved_tensors, ctx.neuron
        direct = time_first(grads[0])
        if loops_take(voltage):
            of_current = _hidden_adjoint(voltage, direct, neuron)
        else:
            slope = voltage.sub(neuron.threshold).abs_().div_(-neuron.width).exp_()
            of_voltage = slope.mul_(neuron.height / 2 / neuron.width).mul_(direct)
            for factor in (neuron.voltage_factor, neuron.current_factor):
                carry = torch.full_like(direct[:1], factor / DECAY_SCALE)
                of_voltage = adjoint(of_voltage, carry)
            of_current = of_voltage
        of_bias = None
        if ctx.needs_input_grad[1]:
            of_bias = of_current.sum((0, 1))
            of_bias -= of_current[1:].sum((0, 1)) * (neuron.current_factor / DECAY_SCALE)
        of_both = None
        if ctx.learns_decays:
            spikes = (voltage > neuron.threshold).float()
            of_both = of_decays(of_current, voltage, spikes, bias, neuron.factors)
        return time_last(of_current), of_bias, None, of_both


def integrate(rows: torch.Tensor, factor: int) -> torch.Tensor:
    """A leaky integral of rows [time, batch, *features], in SLAYER's units."""
    out = torch.empty_like(rows)
    if loops_take(rows):
        of_rows, of_out = _flat(rows), _flat(out)
        share(_chunks(of_rows), lambda piece: _integrate(piece * CHUNK, factor, of_rows, of_out))
        return out
    state = torch.zeros_like(rows[0], dtype=torch.float64)
    for t, row in enumerate(rows):
        state = torch.trunc(state * factor / DECAY_SCALE) + torch.trunc(row.double() * STATE_SCALE)
        out[t] = state / STATE_SCALE
    return out


def integrate_and_fire(
    rows: torch.Tensor, level: torch.Tensor, factor: int
) -> tuple[torch.Tensor, torch.Tensor]:
    """A leaky integral that spikes above a level and starts again from 0.

    Parameters
    ----------
    rows : Tensor [time, batch, *features], float32
        Drive of the voltage, in SLAYER's units.
    level : Tensor [time or 1, batch, *features], float32
        Above which it spikes, in SLAYER's units.
    factor : int
        Decay factor, 4,096 minus the voltage decay.

    Returns
    -------
    voltage, spikes : Tensor [time, batch, *features], float32
        The voltage before the reset, in SLAYER's units, and 0 or 1.
    """
    voltage, spikes = torch.empty_like(rows), torch.empty_like(rows)
    state = torch.zeros_like(rows[0], dtype=torch.float64)
    for t, row in enumerate(rows):
        state = torch.trunc(state * factor / DECAY_SCALE) + torch.trunc(row.double() * STATE_SCALE)
        spike = state > level[min(t, len(level) - 1)].double() * STATE_SCALE
        voltage[t], spikes[t] = state / STATE_SCALE, spike
        state = state.masked_fill(spike, 0.0)
    return voltage, spikes


def adjoint(direct: torch.Tensor, carry: torch.Tensor) -> torch.Tensor:
    r"""Gradient of an integral's drive, :math:`a_t = g_t + c_t\,a_{t+1}`.

    Parameters
    ----------
    direct : Tensor [time, batch, *features], float32
        g, the gradient of the integral at each step.
    carry : Tensor [time or 1, batch, *features], float32
        c, the share of the integral that the next step keeps.

    Returns
    -------
    Tensor [time, batch, *features], float32
    """
    out = torch.empty_like(direct)
    if loops_take(direct):
        arrays = _flat(direct), _flat(carry), _flat(out)
        share(_chunks(arrays[0]), lambda piece: _adjoint(piece * CHUNK, *arrays))
        return out
    state = torch.zeros_like(direct[0])
    for t in reversed(range(len(direct))):
        state = direct[t] + carry[min(t, len(carry) - 1)] * state
        out[t] = state
    return out


SAMPLES = 4
"""Of a piece of work."""


def _hidden_spikes(
    rows: torch.Tensor, bias: torch.Tensor | None, neuron: HiddenNeuron
) -> tuple[torch.Tensor, torch.Tensor]:
    """Voltages before the reset and spikes, of rows [time, batch, *features]."""
    voltage, spikes = torch.empty_like(rows), torch.empty_like(rows)
    arrays = [_by_sample(each) for each in (rows, voltage, spikes)]
    constant = np.zeros(arrays[0].shape[-1], np.float32)
    if bias is not None:
        constant += bias.flatten().numpy()
    numbers = neuron.current_factor, neuron.voltage_factor, neuron.threshold
    share(
        -(-rows.shape[1] // SAMPLES),
        lambda piece: _fire(piece * SAMPLES, constant, *numbers, *arrays),
    )
    return voltage, spikes


def _hidden_adjoint(
    voltage: torch.Tensor, direct: torch.Tensor, neuron: HiddenNeuron
) -> torch.Tensor:
    """Gradient of what arrives, from that of the spikes, [time, batch, *features]."""
    out = torch.empty_like(voltage)
    arrays = [_by_sample(each) for each in (voltage, direct, out)]
    numbers = [np.float32(number) for number in neuron]
    share(
        -(-voltage.shape[1] // SAMPLES),
        lambda piece: _fire_adjoint(piece * SAMPLES, *numbers, *arrays),
    )
    return out


def _by_sample(rows: torch.Tensor) -> np.ndarray:
    return rows.detach().flatten(2).numpy()


def _flat(rows: torch.Tensor) -> np.ndarray:
    return rows.detach().reshape(len(rows), -1).numpy()


def _chunks(rows: np.ndarray) -> int:
    return -(-rows.shape[1] // CHUNK)


@compiled
def _integrate(start: int, factor: int, rows: Any, out: Any) -> None:
    steps, neurons = rows.shape
    fraction = factor / DECAY_SCALE
    stop = min(start + CHUNK, neurons)
    state = np.zeros(stop - start)
    for t in range(steps):
        row, written = rows[t, start:stop], out[t, start:stop]
        for i in range(stop - start):
            state[i] = np.trunc(state[i] * fraction) + np.trunc(row[i] * float(STATE_SCALE))
            written[i] = state[i] / STATE_SCALE


@compiled
def _adjoint(start: int, direct: Any, carry: Any, out: Any) -> None:
    steps, neurons = direct.shape
    stop = min(start + CHUNK, neurons)
    state = np.zeros(stop - start, np.float32)
    for t in range(steps - 1, -1, -1):
        row, share = direct[t, start:stop], carry[min(t, len(carry) - 1), start:stop]
        written = out[t, start:stop]
        for i in range(stop - start):
            state[i] = row[i] + share[i] * state[i]
            written[i] = state[i]


@compiled
def _fire(
    first: int,
    bias: Any,
    current_factor: int,
    voltage_factor: int,
    threshold: float,
    rows: Any,
    voltage: Any,
    spikes: Any,
) -> None:
    steps, batch, neurons = rows.shape
    keep_u, keep_v = current_factor / DECAY_SCALE, voltage_factor / DECAY_SCALE
    level = np.float32(threshold) * float(STATE_SCALE)
    u, v = np.empty(CHUNK), np.empty(CHUNK)
    for b in range(first, min(first + SAMPLES, batch)):
        for start in range(0, neurons, CHUNK):
            size = min(CHUNK, neurons - start)
            constant = bias[start : start + size]
            u[:] = 0
            v[:] = 0
            for t in range(steps):
                row = rows[t, b, start : start + size]
                volts, sent = (
                    voltage[t, b, start : start + size],
                    spikes[t, b, start : start + size],
                )
                for i in range(size):
                    u[i] = np.trunc(u[i] * keep_u) + np.trunc(row[i] * float(STATE_SCALE))
                    drive = np.float32(u[i] / STATE_SCALE) + constant[i]
                    now = np.trunc(v[i] * keep_v) + np.trunc(drive * float(STATE_SCALE))
                    volts[i] = now / STATE_SCALE
                    spike = now > level
                    sent[i] = 1.0 if spike else 0.0
                    v[i] = 0.0 if spike else now


@compiled
def _fire_adjoint(
    first: int,
    current_factor: float,
    voltage_factor: float,
    threshold: float,
    width: float,
    height: float,
    voltage: Any,
    direct: Any,
    out: Any,
) -> None:
    steps, batch, neurons = voltage.shape
    keep_u = current_factor / np.float32(DECAY_SCALE)
    keep_v = voltage_factor / np.float32(DECAY_SCALE)
    steepest, per_width = height / (np.float32(2) * width), np.float32(1) / width
    u, v = np.empty(CHUNK, np.float32), np.empty(CHUNK, np.float32)
    for b in range(first, min(first + SAMPLES, batch)):
        for start in range(0, neurons, CHUNK):
            size = min(CHUNK, neurons - start)
            u[:] = 0
            v[:] = 0
            for t in range(steps - 1, -1, -1):
                volts, row = voltage[t, b, start : start + size], direct[t, b, start : start + size]
                written = out[t, b, start : start + size]
                for i in range(size):
                    slope = steepest * falling_exp(abs(volts[i] - threshold) * per_width)
                    v[i] = slope * row[i] + keep_v * v[i]
                    u[i] = v[i] + keep_u * u[i]
                    written[i] = u[i]
