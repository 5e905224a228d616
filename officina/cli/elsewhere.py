"""Words of `az` and `az ml` that have no command here: what is said to a script that uses one."""

from __future__ import annotations

from officina.errors import StudioError

# Azure's own bookkeeping: scripts go on without it.
NOT_NEEDED = {
    "account": "the studio knows you by your token (officina login)",
    "extension": "nothing has to be installed",
    "group": "any resource group is taken",
    "provider": "nothing has to be registered",
}
# What `az account` does that has a sense here.
ACCOUNT = frozenset({"list", "set", "show"})
# `login` of a person is ours; these are Azure's ways, of no use here.
ENDPOINTS = "Endpoints are not in this version; `officina model package` makes a scoring image."
NOUNS = {
    "online-endpoint": ENDPOINTS,
    "online-deployment": ENDPOINTS,
    "batch-endpoint": ENDPOINTS,
    "batch-deployment": ENDPOINTS,
    "serverless-endpoint": ENDPOINTS,
    "endpoint": ENDPOINTS,
    "deployment": ENDPOINTS,
    "registry": "There is one registry, read only: azureml://registries/azureml/... or "
    "`officina environment list`.",
    "connection": "Make a datastore: officina datastore create -f FILE.",
    "feature-store": "Feature stores are not in this version.",
    "feature-set": "Feature stores are not in this version.",
    "feature-store-entity": "Feature stores are not in this version.",
    "marketplace-subscription": "There is no marketplace.",
    "index": "Indexes are not in this version.",
    "capability-host": "Capability hosts are Azure's own.",
}
_SHARE = "Share it on its page, or import it from the other workspace."
VERBS = {
    ("job", "connect-ssh"): "Jobs have no ssh; `officina job stream -n NAME` shows the log.",
    ("data", "mount"): "Use `officina data download`; a job gets its inputs as folders.",
    ("datastore", "mount"): "A job gets its inputs as folders.",
    ("data", "share"): _SHARE,
    ("model", "share"): _SHARE,
    ("component", "share"): _SHARE,
    ("environment", "share"): _SHARE,
    ("compute", "connect-ssh"): "Computes have no ssh.",
    ("compute", "enable-sso"): "People sign in to the studio.",
    (
        "workspace",
        "delete",
    ): "A workspace stays; an owner deletes what is in it, and takes its members out.",
    ("workspace", "diagnose"): "`officina azure doctor` looks at the way to the studio.",
    ("workspace", "list-keys"): "A workspace has no keys; tokens are made on the Tokens page.",
    ("workspace", "sync-keys"): "A workspace has no keys; tokens are made on the Tokens page.",
}


def not_needed(words: list[str]) -> str:
    """Return why a command of Azure's bookkeeping has nothing to do here, or nothing."""
    noun, verb = (*words, "", "")[:2]
    if noun == "account" and (verb in ACCOUNT or verb in {"", "-h", "--help"}):
        return ""
    return f"az {noun}: nothing to do, {NOT_NEEDED[noun]}" if noun in NOT_NEEDED else ""


def refuse(words: list[str]) -> None:
    """Raise for a noun or verb of `az ml` that is not here, saying what is in its place."""
    noun, verb = (*words, "", "")[:2]
    hint = NOUNS.get(noun) or VERBS.get((noun, verb))
    if hint:
        what = noun if noun in NOUNS else f"{noun} {verb}"
        raise StudioError(f"There is no `{what}` here.", hint=hint)
