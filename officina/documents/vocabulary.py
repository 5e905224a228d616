"""The words of the v2 job documents: known keys, types and modes, in their YAML and REST
spellings.
"""

from __future__ import annotations

_ANY = (
    "$schema name version type display_name description tags properties id creation_context stage"
)
_RUN = (
    "compute environment_variables resources limits distribution identity services "
    "queue_settings max_attempts"
)
_BODY = "inputs outputs code command environment additional_includes"
# Written by `show -o yaml`; harmless when a file is fed back.
READ_ONLY_KEYS = frozenset(
    ["status", "log_files", "studio_url", "creation_context", "id", "resource_group", "is_archived"]
)

COMMAND_JOB_KEYS = frozenset(
    f"{_ANY} {_RUN} {_BODY} experiment_name is_deterministic parameters parent_job_name".split()
)
PIPELINE_JOB_KEYS = frozenset(
    f"{_ANY} experiment_name inputs outputs settings jobs compute identity component "
    "environment_variables schedule trigger services".split()
)
NODE_KEYS = frozenset(
    f"{_ANY} {_RUN} {_BODY} component is_deterministic settings depends_on force_rerun "
    "experiment_name comment position".split()
)
COMPONENT_KEYS = frozenset(
    f"{_ANY} {_RUN} {_BODY} is_deterministic jobs settings latest_version "
    "intellectual_property ipp base_path auto_delete_setting parallel".split()
)
SETTINGS_KEYS = frozenset(
    [
        "default_compute",
        "default_datastore",
        "continue_on_step_failure",
        "force_rerun",
        "continue_run_on_failed_optional_input",
        "default_environment",
        "environment",
        "on_init",
        "on_finalize",
        "_source",
    ]
)
INPUT_KEYS = frozenset(
    [
        "type",
        "path",
        "mode",
        "value",
        "default",
        "optional",
        "description",
        "min",
        "max",
        "enum",
        "label",
        "path_on_compute",
        "version",
        "file",
        "folder",
        "datastore",
        "data",
        "dataset",
        "local_path",
        "name",
        "early_available",
        "intellectual_property",
    ]
)
OUTPUT_KEYS = frozenset(
    [
        "type",
        "path",
        "mode",
        "description",
        "name",
        "version",
        "path_on_compute",
        "label",
        "file",
        "folder",
        "datastore",
        "data",
        "early_available",
        "is_control",
        "is_link",
        "intellectual_property",
        "dataset",
    ]
)
LIMIT_KEYS = frozenset(
    ["timeout", "max_trials", "max_concurrent_trials", "trial_timeout", "timeout_minutes"]
)
ENVIRONMENT_KEYS = frozenset(
    [
        "$schema",
        "name",
        "version",
        "image",
        "conda_file",
        "build",
        "description",
        "tags",
        "os_type",
        "inference_config",
        "label",
        "docker",
        "python_requirements",
        "datastore",
        "local_path",
        "path",
        "properties",
        "auto_delete_setting",
        "intellectual_property",
        "latest_version",
    ]
)

LITERAL_TYPES = frozenset(["string", "number", "integer", "boolean", "enum", "columns", "code"])
FILE_TYPES = frozenset(
    [
        "uri_folder",
        "uri_file",
        "mltable",
        "mlflow_model",
        "custom_model",
        "triton_model",
        "openai_model",
    ]
)
MODULE_TYPES = frozenset(
    ["dataset", "untrained_model", "trained_model", "transform", "metrics", "images", "any"]
)
PORT_TYPES = FILE_TYPES | MODULE_TYPES
# Names of earlier schema versions, still found in public examples.
OLD_TYPES = {
    "path": "uri_folder",
    "folder": "uri_folder",
    "file": "uri_file",
    "uri": "uri_folder",
    "float": "number",
    "int": "integer",
    "bool": "boolean",
    "str": "string",
    "double": "number",
    "anydirectory": "uri_folder",
    "anyfile": "uri_file",
}

UNSUPPORTED_KINDS = {
    "sweep": "sweep",
    "automl": "AutoML",
    "spark": "spark",
    "import": "import",
    "data_transfer": "data transfer",
    "finetuning": "fine-tuning",
    "base": "base",
    "flow": "flow",
    "do_while": "loop",
    "if_else": "condition",
    "parallel_for": "loop",
    "flow_parallel": "flow",
}
KIND_OF_SCHEMA = {
    "commandjob": "command",
    "pipelinejob": "pipeline",
    "sweepjob": "sweep",
    "automljob": "automl",
    "sparkjob": "spark",
    "paralleljob": "parallel",
    "importjob": "import",
}

MODES = {
    "ro_mount": "ReadOnlyMount",
    "rw_mount": "ReadWriteMount",
    "download": "Download",
    "direct": "Direct",
    "upload": "Upload",
    "eval_mount": "EvalMount",
    "eval_download": "EvalDownload",
}
YAML_MODES = (
    {rest.lower(): name for name, rest in MODES.items()}
    | {name: name for name in MODES}
    | {"mount": "ro_mount"}
)

# Key by key: YAML name -> canonical (REST) name for what every job and node may carry.
HEADS = {
    "display_name": "displayName",
    "experiment_name": "experimentName",
    "description": "description",
}
EXTRAS = {
    "distribution": "distribution",
    "identity": "identity",
    "services": "services",
    "queue_settings": "queueSettings",
    "properties": "properties",
    "additional_includes": "additionalIncludes",
}
