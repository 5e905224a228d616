"""Versioned assets: data, environments, components, code and models."""
