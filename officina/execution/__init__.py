"""Running jobs: the shim that owns one, its sandbox, the warm fork host.

Kept free of imports for the shim's sake.
"""
