"""Readable names for runs that were given none, such as `brave-heron`."""

from __future__ import annotations

import secrets

FIRST = (
    "amber brave brisk calm clear deep eager fair fleet gentle golden grand keen kind level light "
    "lively lucid mellow merry mild neat noble plain polite prime proud quick quiet ready sharp "
    "silver sleek smart solid steady still sunny swift tidy true vivid warm wise"
).split()
SECOND = (
    "alder aspen badger birch bison cedar comet crane delta dune eagle ember falcon fern finch "
    "fjord fox glade harbor hawk hazel heron iris island jay juniper kite lark laurel lynx maple "
    "marten meadow moss oak orchid osprey otter owl pine plover quartz raven reef river robin "
    "sable sparrow spruce stone swan thistle tide vale willow wren"
).split()


def pair() -> str:
    """Return a random pair of words, joined by a hyphen."""
    return f"{secrets.choice(FIRST)}-{secrets.choice(SECOND)}"
