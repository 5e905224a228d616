"""What one does with stored trees and versioned assets."""

from __future__ import annotations

from registry.services.assets import (
    archive,
    assets,
    check_name,
    create_asset,
    provide_renaming,
    register,
    rename,
    restore,
    update,
    update_asset,
    versions,
)
from registry.services.deleting import (
    Dependent,
    delete,
    delete_asset,
    delete_plan,
    dependents,
    provide_dependents,
    provide_farewell,
)
from registry.services.finding import find, named
from registry.services.labels import check_label, delete_label, labels, set_label
from registry.services.sharing import share, unshare
from registry.services.staging import decide, guarded, request_stage, set_stage, stages
from registry.services.storing import (
    create_default_datastores,
    hold_tree,
    missing_blobs,
    open_tree,
    receive_blob,
    receive_blobs,
    receive_tree,
    release_tree,
    remember_tree,
    store,
)

__all__ = [
    "Dependent",
    "archive",
    "assets",
    "check_label",
    "check_name",
    "create_asset",
    "create_default_datastores",
    "decide",
    "delete",
    "delete_asset",
    "delete_label",
    "delete_plan",
    "dependents",
    "find",
    "guarded",
    "hold_tree",
    "labels",
    "missing_blobs",
    "named",
    "open_tree",
    "provide_dependents",
    "provide_farewell",
    "provide_renaming",
    "receive_blob",
    "receive_blobs",
    "receive_tree",
    "register",
    "release_tree",
    "remember_tree",
    "rename",
    "request_stage",
    "restore",
    "set_label",
    "set_stage",
    "share",
    "stages",
    "store",
    "unshare",
    "update",
    "update_asset",
    "versions",
]
