"""How it is trained: objective, estimators, batches, checkpoints and the loop."""
