"""Finding: what a query is, two engines behind one protocol, and keeping an index in step.

Knows the registry's projects and nothing of `web`.
"""
