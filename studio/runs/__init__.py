"""Experiments, runs of every kind, metrics, logs, artifacts and lineage."""
