"""Helpers of the web project that have no models."""
