"""How the training went, where its folder was given."""

from __future__ import annotations

import altair as alt

from neurodeploy.report.measured import Measured
from neurodeploy.report.parts import Chart, Section, lines_by, spec_of


def history(run: Measured) -> Section | None:
    """Log-loss of training and validation against epochs."""
    lines = [line for line in run.history if {"epoch", "train_log_loss", "log_loss"} <= set(line)]
    if not lines:
        return None
    names = {"train_log_loss": "training, sampled spikes", "log_loss": "validation, as deployed"}
    values = [
        {"epoch": line["epoch"], "loss": line[field], "of": name}
        for line in lines
        for field, name in names.items()
    ]
    chart = (
        alt.Chart(alt.Data(values=values))
        .mark_line(strokeWidth=2.5, point=alt.OverlayMarkDef(size=35, filled=True))
        .encode(
            x=alt.X("epoch:Q", title="epoch", axis=alt.Axis(tickMinStep=1, format="d")),
            y=alt.Y("loss:Q", title="log-loss, nats a sample", scale=alt.Scale(zero=True)),
            **lines_by("of:N", [*names.values()]),
            tooltip=["of:N", "epoch:Q", alt.Tooltip("loss:Q", format=".2f")],
        )
    )
    first, last = lines[0], lines[-1]
    return Section(
        key="history",
        title="How it was trained",
        lead=f"{len(lines)} epochs.",
        parts=[
            Chart(
                spec=spec_of(chart, 240),
                alt="Line chart of the log-loss against epochs: validation from "
                f"{first['log_loss']:.1f} to {last['log_loss']:.1f} nats a sample.",
                caption="Log-loss after each epoch.",
            )
        ],
    )
