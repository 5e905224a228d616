"""Pipeline drafts, versions and published pipelines."""
