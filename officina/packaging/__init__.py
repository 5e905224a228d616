"""What jobs do with a saved model: load it, convert it, pack it, serve it, measure it.

But for `rows`, nothing here is imported by a server process: loading a model runs what its maker put
into it.
"""
