"""Search over training and over what can be changed after it; the Pareto front of both."""
