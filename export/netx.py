"""Turn a trained checkpoint into a netx network, and show that it is exact.

Usage: python export/netx.py CHECKPOINT.safetensors OUTPUT.net     (copy this file and change it)
"""

import sys

import neurodeploy as nd


def main() -> None:
    """Load, export, check, write, read back and verify on real input."""
    checkpoint, output = sys.argv[1:3]
    task = nd.task("mnist")
    splits = task.splits()
    model = task.model(splits)
    nd.load_model(model, checkpoint)
    network = nd.export_network(model.encoder)
    for finding in nd.check(network):
        print(finding)
    nd.write_network(network, output)
    spikes = nd.input_spikes(task, splits.test.images[:8], seed=1)
    result = nd.verify(nd.read_network(output), spikes, against=model)
    print(f"{output}: {'exact' if result.exact else 'not exact'}: {result.compared}")


if __name__ == "__main__":
    main()
