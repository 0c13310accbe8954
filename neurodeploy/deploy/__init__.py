"""What is deployed and how it runs: bundle, streaming decoding, verification."""
