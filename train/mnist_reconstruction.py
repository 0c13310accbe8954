"""Train the paper's MNIST model with VDIB and export it as a bundle.

Usage: python train/mnist_reconstruction.py [FOLDER]     (copy this file and change it)
"""

import sys
from pathlib import Path

import neurodeploy as nd

FOLDER = Path(sys.argv[1] if len(sys.argv) > 1 else "runs/mnist")


def main() -> None:
    """784 -> 600 -> 256 neurons, 30 steps; one decoder for the image and the class."""
    task = nd.ImageTask(
        dataset="mnist",
        train=4000,
        validation=500,
        test=500,
        split_seed=0,
        encoding=nd.RateEncoding(steps=30),
        hidden=(600,),
        readout=256,
        decoder="mlp",
        decoder_hidden=512,
        beta=0.01,
        prior_rate=0.05,
        class_weight=20.0,
        shift_px=1,
        training=nd.TrainConfig(epochs=18, learning_rate=1e-3),
    )
    splits = task.splits()
    model = nd.train_task(task, splits, FOLDER / "train")
    nd.save_bundle(task.bundle(model), FOLDER / "bundle")
    test = nd.evaluate(
        model,
        nd.ImageSource(splits.test, task.encoding),
        task.objective(),
        temperature=0.0,
        seed=1,
    )
    print(f"test, as deployed: {test}")
    print(f"bundle: {FOLDER / 'bundle'}")


if __name__ == "__main__":
    main()
