"""What ``seal`` is made of: digests, what they are made of, the chain, and its check."""
