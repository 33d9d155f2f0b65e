"""One view per page: read the address, ask the policy and the engine, hand over to a builder."""
