"""Datastores of a workspace and a look at the data in them."""
