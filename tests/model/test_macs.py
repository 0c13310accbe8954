"""Operations of modules; those of our own readers are counted by hand in test_decoder.py."""

from __future__ import annotations

import pytest
import torch

from neurodeploy.errors import InputError
from neurodeploy.model.decoder import Decoder, DecoderConfig
from neurodeploy.model.macs import count_macs, layer_macs
from neurodeploy.model.readers import READERS


def test_a_product_in_a_forward_is_counted() -> None:
    class Product(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.matrix = torch.nn.Parameter(torch.ones(4, 6))
            self.inner = torch.nn.Sequential(torch.nn.Linear(4, 3), torch.nn.ReLU())

        def forward(self, window: torch.Tensor) -> torch.Tensor:
            return self.inner(window @ self.matrix.T)

    module = Product().train()
    assert count_macs(module, torch.zeros(1, 6)) == 6 * 4 + 4 * 3
    assert all(part.training for part in module.modules())
    assert not any(part._forward_hooks for part in module.modules())


def test_a_transposed_convolution_is_counted() -> None:
    module = torch.nn.ConvTranspose1d(8, 4, 3)
    assert count_macs(module, torch.zeros(1, 8, 5)) == 8 * 4 * 3 * 5


def test_without_parameters_nothing_is_computed() -> None:
    assert count_macs(torch.nn.Flatten(), torch.zeros(1, 2, 3)) == 0


@pytest.mark.parametrize(
    ("module", "named"),
    [
        (torch.nn.LSTM(6, 3, batch_first=True), "LSTM ''"),
        (torch.nn.Sequential(torch.nn.Linear(6, 3), torch.nn.LayerNorm(3)), "LayerNorm '1'"),
    ],
)
def test_what_pytorch_does_not_count_is_not_0(module: torch.nn.Module, named: str) -> None:
    with pytest.raises(InputError, match=f"operations of {named}: .*Give the reader a property"):
        count_macs(module, torch.zeros(1, 5, 6))


class LstmReader(torch.nn.Module):
    """A person's own, of operations that PyTorch does not count."""

    def __init__(self, config: DecoderConfig, *, layers: int = 1) -> None:
        super().__init__()
        self.features = config.hidden
        self.unit = torch.nn.LSTM(config.neurons, config.hidden, layers, batch_first=True)

    def forward(self, window: torch.Tensor) -> torch.Tensor:
        return self.unit(window.movedim(1, 2))[0][:, -1]


class CountedLstmReader(LstmReader):
    @property
    def macs(self) -> int:
        weights = [w for name, w in self.unit.named_parameters() if name.startswith("weight")]
        return 5 * sum(w.numel() for w in weights)


class MiscountedReader(LstmReader):
    macs = -1


def decoder(kind: type[torch.nn.Module], **options: object) -> Decoder:
    heads = {"label": 3}
    return Decoder(
        DecoderConfig(kind=kind, neurons=8, window_steps=5, heads=heads, hidden=7, options=options)
    )


def test_a_reader_says_its_own() -> None:
    with pytest.raises(InputError, match=r"operations of LSTM 'reader.unit'"):
        _ = decoder(LstmReader).macs
    assert decoder(CountedLstmReader).macs == 5 * 4 * (8 * 7 + 7 * 7) + 7 * 3
    two = decoder(CountedLstmReader, layers=2)
    assert two.macs == 5 * 4 * (8 * 7 + 3 * 7 * 7) + 7 * 3
    assert two.macs_after(2) == two.macs
    with pytest.raises(InputError, match=r"macs of decoder .*MiscountedReader: expected a whole"):
        _ = decoder(MiscountedReader).macs


def test_products_by_zero_are_not_effective() -> None:
    linear = torch.nn.Linear(4, 3)
    convolution = torch.nn.Conv1d(2, 1, 3, padding=1)
    with torch.no_grad():
        linear.weight[0, 1] = 0
        convolution.weight[0, 1] = 0
    (found,) = layer_macs(linear, torch.tensor([[1.0, 2, 0, 0], [0, -1, 0, 0]])).values()
    assert found.dense == 12
    assert found.effective.tolist() == [3 + 2, 2]  # the second input lacks one weight
    assert found.effective_share == 7 / 24
    given = torch.zeros(1, 2, 5)
    given[0, 0, [0, 2]] = 1
    given[0, 1, 3] = 1
    (found,) = layer_macs(convolution, given).values()
    assert found.dense == 5 * 2 * 3
    assert found.effective.tolist() == [2 + 3]  # at the edge, one tap falls on no output
    assert not linear._forward_hooks


@pytest.mark.parametrize("kind", sorted(READERS))
def test_readers_of_ours_have_the_operations_that_pytorch_counts(kind: str) -> None:
    """Also where it was not asked, because it takes seconds to start."""
    made = Decoder(DecoderConfig(kind=kind, neurons=8, window_steps=5, heads={"a": 3, "b": 2}))
    assert made.macs == count_macs(made, torch.ones(1, 8, 5)) > 0
