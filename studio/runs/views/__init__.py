"""The pages of experiments and runs."""
