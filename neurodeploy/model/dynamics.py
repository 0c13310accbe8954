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

from typing import Any

import numba as nb
import numpy as np
import torch

from neurodeploy.netx.units import DECAY_SCALE, STATE_SCALE

CHUNK = 1024
"""Neurons whose states stay in the nearest cache over all time steps."""


def time_first(values: torch.Tensor) -> torch.Tensor:
    """[batch, *features, time] as contiguous [time, batch, *features]."""
    return values.movedim(-1, 0).contiguous()


def time_last(rows: torch.Tensor) -> torch.Tensor:
    """[time, batch, *features] as a view [batch, *features, time]."""
    return rows.movedim(0, -1)


def on_cpu(rows: torch.Tensor) -> bool:
    """Whether the compiled loops can read and write this memory."""
    return rows.is_cpu


class Current(torch.autograd.Function):
    """The synaptic current u, a leaky integral of what arrives."""

    @staticmethod
    def forward(ctx: Any, arriving: torch.Tensor, factor: int) -> torch.Tensor:
        """Integrate.

        Parameters
        ----------
        arriving : Tensor [batch, *features, time], float32
            Weighted spikes z, in SLAYER's units.
        factor : int
            Decay factor, 4,096 minus the current decay.

        Returns
        -------
        Tensor [batch, *features, time], float32
        """
        ctx.factor = factor
        return time_last(integrate(time_first(arriving), factor))

    @staticmethod
    def backward(ctx: Any, *grads: torch.Tensor) -> tuple[torch.Tensor, None]:
        """The adjoint recursion, without rounding."""
        direct = time_first(grads[0])
        carry = torch.full_like(direct[:1], ctx.factor / DECAY_SCALE)
        return time_last(adjoint(direct, carry)), None


class HiddenSpikes(torch.autograd.Function):
    r"""Spikes of a deterministic neuron, with SLAYER's surrogate gradient.

    The derivative of a spike is :math:`\frac{h}{2w} e^{-|v - \vartheta| / w}`, and the adjoint of
    the voltage does not see the reset. SLAYER adds an epsilon of 0.01/4096 to the threshold here.
    """

    @staticmethod
    def forward(
        ctx: Any,
        current: torch.Tensor,
        threshold: float,
        factor: int,
        width: float,
        height: float,
    ) -> torch.Tensor:
        """Integrate, spike, reset.

        Parameters
        ----------
        current : Tensor [batch, *features, time], float32
            Synaptic current u plus bias, in SLAYER's units.
        threshold : float
            In SLAYER's units.
        factor : int
            Decay factor, 4,096 minus the voltage decay.
        width, height : float
            w and h of the surrogate gradient.

        Returns
        -------
        Tensor [batch, *features, time], float32
            0 or 1.
        """
        rows = time_first(current)
        voltage, spikes = integrate_and_fire(rows, torch.full_like(rows[:1], threshold), factor)
        ctx.save_for_backward(voltage)
        ctx.threshold, ctx.factor, ctx.width, ctx.height = (
            threshold,
            factor,
            width,
            height,
        )
        return time_last(spikes)

    @staticmethod
    def backward(ctx: Any, *grads: torch.Tensor) -> tuple[torch.Tensor | None, ...]:
        """Surrogate, then the adjoint recursion; returns the gradient of the current."""
        (voltage,) = ctx.saved_tensors
        slope = voltage.sub(ctx.threshold).abs_().div_(-ctx.width).exp_()
        direct = slope.mul_(ctx.height / 2 / ctx.width).mul_(time_first(grads[0]))
        carry = torch.full_like(direct[:1], ctx.factor / DECAY_SCALE)
        return time_last(adjoint(direct, carry)), None, None, None, None


def integrate(rows: torch.Tensor, factor: int) -> torch.Tensor:
    """A leaky integral of rows [time, batch, *features], in SLAYER's units."""
    out = torch.empty_like(rows)
    if on_cpu(rows):
        _integrate(_flat(rows), factor, _flat(out))
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
    if on_cpu(rows):
        _integrate_and_fire(_flat(rows), _flat(level), factor, _flat(voltage), _flat(spikes))
        return voltage, spikes
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
    if on_cpu(direct):
        _adjoint(_flat(direct), _flat(carry), _flat(out))
        return out
    state = torch.zeros_like(direct[0])
    for t in reversed(range(len(direct))):
        state = direct[t] + carry[min(t, len(carry) - 1)] * state
        out[t] = state
    return out


def _flat(rows: torch.Tensor) -> np.ndarray:
    return rows.detach().reshape(len(rows), -1).numpy()


@nb.njit(cache=True, nogil=True, error_model="numpy")
def _integrate(rows: Any, factor: int, out: Any) -> None:
    steps, neurons = rows.shape
    fraction = factor / DECAY_SCALE
    for start in range(0, neurons, CHUNK):
        stop = min(start + CHUNK, neurons)
        state = np.zeros(stop - start)
        for t in range(steps):
            row, written = rows[t, start:stop], out[t, start:stop]
            for i in range(stop - start):
                state[i] = np.trunc(state[i] * fraction) + np.trunc(row[i] * float(STATE_SCALE))
                written[i] = state[i] / STATE_SCALE


@nb.njit(cache=True, nogil=True, error_model="numpy")
def _integrate_and_fire(rows: Any, level: Any, factor: int, voltage: Any, spikes: Any) -> None:
    steps, neurons = rows.shape
    fraction = factor / DECAY_SCALE
    for start in range(0, neurons, CHUNK):
        stop = min(start + CHUNK, neurons)
        state = np.zeros(stop - start)
        for t in range(steps):
            row, limit = rows[t, start:stop], level[min(t, len(level) - 1), start:stop]
            volts, sent = voltage[t, start:stop], spikes[t, start:stop]
            for i in range(stop - start):
                now = np.trunc(state[i] * fraction) + np.trunc(row[i] * float(STATE_SCALE))
                spike = now > limit[i] * float(STATE_SCALE)
                volts[i] = now / STATE_SCALE
                sent[i] = 1.0 if spike else 0.0
                state[i] = 0.0 if spike else now


@nb.njit(cache=True, nogil=True, error_model="numpy")
def _adjoint(direct: Any, carry: Any, out: Any) -> None:
    steps, neurons = direct.shape
    for start in range(0, neurons, CHUNK):
        stop = min(start + CHUNK, neurons)
        state = np.zeros(stop - start, direct.dtype)
        for t in range(steps - 1, -1, -1):
            row, share = direct[t, start:stop], carry[min(t, len(carry) - 1), start:stop]
            written = out[t, start:stop]
            for i in range(stop - start):
                state[i] = row[i] + share[i] * state[i]
                written[i] = state[i]
