"""What a service counts, for Prometheus."""

from __future__ import annotations

from collections.abc import Callable

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest


class Metrics:
    """Counters of one service.

    Parameters
    ----------
    sessions : function
        How many are open.
    """

    def __init__(self, sessions: Callable[[], int]) -> None:
        self.registry = CollectorRegistry()

        def counter(name: str, said: str, *labels: str) -> Counter:
            return Counter(f"neurodeploy_{name}", said, labels, registry=self.registry)

        self.requests = counter("requests", "Requests, by route and status.", "route", "status")
        self.refused = counter("refused", "Requests that were not run, by reason.", "reason")
        self.steps = counter("steps", "Steps that the network ran.")
        self.answers = counter("answers", "Answers of the decoder.")
        self.opened = counter("sessions_opened", "Sessions that were opened.")
        self.closed = counter("sessions_closed", "Sessions that were closed, by reason.", "reason")
        self.faults = counter("faults", "Requests that failed by our fault.")
        self.seconds = Histogram(
            "neurodeploy_request_seconds",
            "Seconds of a request, by route.",
            ("route",),
            registry=self.registry,
            buckets=(0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10),
        )
        Gauge(
            "neurodeploy_sessions", "Sessions that are open.", registry=self.registry
        ).set_function(sessions)

    def text(self) -> bytes:
        """All of them as Prometheus reads them."""
        return generate_latest(self.registry)
