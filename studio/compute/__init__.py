"""Compute targets, quotas and the fair queue."""
