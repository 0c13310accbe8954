"""Classify MNIST with few spikes, and compare with the ANN of the same layers: accuracy, energy.

Usage: python train/mnist_energy.py [FOLDER]     (copy this file and change it)

Both learn from the same shifted digits for as many epochs, with Adam and a cosine schedule. The
energies are proxies: operations counted in the run, at published figures of one device class.
"""

import sys
from pathlib import Path

import torch

import neurodeploy as nd
from neurodeploy.devices import load_devices
from neurodeploy.energy import ann_equivalent, dense_macs, energy_proxies

FOLDER = Path(sys.argv[1] if len(sys.argv) > 1 else "runs/mnist_energy")
HIDDEN, READOUT, EPOCHS = 600, 64, 40

TASK = nd.ImageTask(
    dataset="mnist",
    train=4000,
    validation=500,
    test=500,
    encoding=nd.LatencyEncoding(steps=8, threshold=0.3),
    hidden=(HIDDEN,),
    readout=READOUT,
    decoder="linear",
    heads=("label",),
    beta=0.002,
    prior_rate=0.05,
    shift_px=1,
    training=nd.TrainConfig(epochs=EPOCHS, learning_rate=2e-3),
)


def train_ann(digits: nd.ImageSource) -> torch.nn.Module:
    """784-HIDDEN-READOUT-10 with ReLU."""
    torch.manual_seed(0)
    ann = torch.nn.Sequential(
        torch.nn.Linear(784, HIDDEN),
        torch.nn.ReLU(),
        torch.nn.Linear(HIDDEN, READOUT),
        torch.nn.ReLU(),
        torch.nn.Linear(READOUT, 10),
    )
    optimiser = torch.optim.Adam(ann.parameters(), lr=1e-3)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, EPOCHS)
    for epoch in range(EPOCHS):
        for batch in digits.shuffled(64, seed=0, epoch=epoch):
            optimiser.zero_grad()
            answer = ann(batch.targets["image"])
            torch.nn.functional.cross_entropy(answer, batch.targets["label"]).backward()
            optimiser.step()
        schedule.step()
    return ann


def main() -> None:
    """Train, export, run on the native engine, and compare."""
    splits = TASK.splits()
    bundle = TASK.bundle(nd.train_task(TASK, splits, FOLDER / "train"))
    nd.save_bundle(bundle, FOLDER / "bundle")
    images, labels = splits.test.images, torch.from_numpy(splits.test.labels)
    run = nd.simulate(bundle.network, nd.input_spikes(TASK, images, seed=1))
    answers = nd.decode(bundle, torch.from_numpy(run.spikes))["label"]
    ann = train_ann(nd.ImageSource(splits.train, TASK.encoding, shift_px=TASK.shift_px))
    with torch.no_grad():
        ann_answers = ann(torch.from_numpy(images).flatten(1))
    for name, logits in (("SNN, deployed", answers), ("ANN", ann_answers)):
        print(f"{name}: {(logits.argmax(1) == labels).float().mean():.1%} of {len(labels)} digits")
    totals = run.counts.totals()["layers"]
    per_sample = {
        key: sum(layer[key] for layer in totals) / len(labels)
        for key in ("input_spikes", "synops", "neuron_updates")
    }
    print("SNN, per digit:", ", ".join(f"{value:,.0f} {key}" for key, value in per_sample.items()))
    devices, host_macs = load_devices(), bundle.decoder.macs
    macs = dense_macs(bundle.network) + READOUT * 10
    snn = energy_proxies(run.counts, devices=devices, host_macs_per_sample=host_macs)
    for name, equal in ann_equivalent(macs, run.counts.steps, devices).items():
        if name in snn:
            ratio = equal.one_pass_j / snn[name].per_sample_j
            print(
                f"{name}: SNN {snn[name].per_sample_j * 1e6:.3f} uJ with its decoder, "
                f"ANN {equal.one_pass_j * 1e6:.3f} uJ, x{ratio:.1f}"
            )


if __name__ == "__main__":
    main()
