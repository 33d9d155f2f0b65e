"""What history costs: the same work unversioned, with flask_continuum, and with its peers.

``python -m benchmarks --help`` says how to run them; docs/performance.md shows what came out.
"""
