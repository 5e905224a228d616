"""Officina's engine, SDK and command line: everything that needs no server."""
