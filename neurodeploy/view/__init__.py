"""A live page of a bundle on loopback: what it hears, sends, says and costs; one can touch it."""
