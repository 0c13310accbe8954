from __future__ import annotations

from neurodeploy.serve.rate import MOST_CLIENTS, Rates


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_a_bucket_empties_and_fills_at_its_rate() -> None:
    clock = Clock()
    rates = Rates(4, 3, clock)
    assert [rates.wait_s("a") for _ in range(5)] == [0, 0, 0, 0.25, 0.25]
    assert rates.wait_s("b") == 0
    clock.now = 0.25
    assert [rates.wait_s("a") for _ in range(2)] == [0, 0.25]
    clock.now = 100
    assert [rates.wait_s("a") for _ in range(4)] == [0, 0, 0, 0.25]


def test_what_is_remembered_is_bounded() -> None:
    rates = Rates(1, 1, Clock())
    for client in range(MOST_CLIENTS + 10):
        rates.wait_s(client)
    assert len(rates._filled) == MOST_CLIENTS


def test_who_has_asked_for_nothing_lately_is_forgotten() -> None:
    clock = Clock()
    rates = Rates(4, 2, clock)
    for client in range(100):
        clock.now = float(client)
        rates.wait_s(client)
    assert list(rates._filled) == [99]
    rates.wait_s("b")
    assert list(rates._filled) == [99, "b"]
