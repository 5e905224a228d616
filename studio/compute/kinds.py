"""The kinds of compute, as rows of a table: what each is configured by, and how runs reach it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from officina.errors import StudioError
from studio.compute.sizes import DEFAULT, find_size

ADDRESS = re.compile(r"[A-Za-z0-9_.@:*\[\]/?=&%~+-]{1,255}")
DURATION = re.compile(r"P(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+(?:\.\d+)?)S)?)?\Z")


@dataclass(frozen=True)
class Param:
    """One declared parameter: `key` is where Azure's document has it."""

    name: str
    title: str
    kind: str  # "int", "number", "text", "address", "size", "seconds", "machines"
    default: Any = None
    key: str = ""
    help: str = ""
    low: int = 0
    high: int = 0

    def clean(self, value: Any) -> Any:
        """Return the value as it is kept; raise with the parameter's name."""
        if value is None or value == "":
            return self.default
        try:
            return CLEANERS[self.kind](self, value)
        except (TypeError, ValueError) as error:
            raise StudioError(
                f"{self.title}: {str(value)[:80]!r} is not right.",
                hint=f"{error}." if str(error) else "",
                where=self.name,
            ) from error


def _int(param: Param, value: Any) -> int:
    limit = f"a whole number from {param.low} to {param.high:,}"
    try:
        number = int(str(value))
    except ValueError:
        raise ValueError(f"It is {limit}") from None
    if not param.low <= number <= param.high:
        raise ValueError(f"It is {limit}")
    return number


def _number(param: Param, value: Any) -> float:
    number = float(value)
    if not 0 <= number <= param.high:
        raise ValueError(f"It is a number from 0 to {param.high:,}")
    return number


def _seconds(param: Param, value: Any) -> int:
    match = DURATION.match(str(value))
    if match and str(value) not in {"P", "PT"}:
        days, hours, minutes, seconds = (float(part or 0) for part in match.groups())
        value = int(((days * 24 + hours) * 60 + minutes) * 60 + seconds)
    return _int(param, value)


def _text(param: Param, value: Any) -> str:
    text = str(value).strip()
    if len(text) > 255 or "\n" in text:
        raise ValueError("It is one line of at most 255 characters")
    return text


def _address(param: Param, value: Any) -> str:
    text = str(value).strip()
    if not ADDRESS.fullmatch(text) or text.startswith("-"):
        raise ValueError("It is a host name or address without spaces")
    return text


CLEANERS: Mapping[str, Any] = {
    "int": _int,
    "number": _number,
    "seconds": _seconds,
    "text": _text,
    "address": _address,
    "size": lambda _param, value: find_size(str(value)).name,
    "machines": _text,
}


@dataclass(frozen=True)
class Kind:
    """One row: `own_pool` kinds are served by machines that join them, the others by a pool."""

    name: str
    azure: str
    title: str
    summary: str
    params: tuple[Param, ...] = ()
    own_pool: bool = False
    startable: bool = False
    # Why a run on it is refused; recorded kinds only.
    recorded: str = ""
    icon: str = "server-2"

    def clean(self, config: Mapping[str, Any]) -> dict[str, Any]:
        """Return the configuration with every declared parameter; refuse unknown ones."""
        known = {param.name for param in self.params}
        unknown = [name for name in config if name not in known]
        if unknown:
            raise StudioError(
                f"A compute of kind {self.name} has no {unknown[0]!r}.",
                hint=f"It has: {', '.join(sorted(known)) or 'no parameters'}.",
                where=unknown[0],
            )
        return {param.name: param.clean(config.get(param.name)) for param in self.params}


IDLE = Param(
    "idle_seconds", "Idle seconds before scale down", "seconds", 120, "nodeIdleTimeBeforeScaleDown",
    "An idle node above the minimum is given back after so long.", 0, 604_800,
)  # fmt: skip
SIZE = Param("size", "Size", "size", DEFAULT, "vmSize")
MACHINES = Param(
    "machines", "Machines", "machines", "", "machines",
    "An attached compute whose machines serve this one; empty: the studio's own.",
)  # fmt: skip
HOURLY = Param(
    "hourly", "Cost of an hour", "number", None, "hourly",
    "What an hour of a node costs you; empty: as the size table has it.", 0, 1_000_000,
)  # fmt: skip
SUBNET = Param("subnet", "Subnet", "text", "", "subnet", "Kept for Azure's documents; not used.")
ADDRESS_OF = Param("address", "Address", "address", "", "address", "user@host.example")

KINDS: dict[str, Kind] = {
    kind.name: kind
    for kind in (
        Kind("local", "Local", "Local", "The studio's own machine, all of its slots.", (HOURLY,)),
        Kind(
            "cluster", "AmlCompute", "Cluster",
            "Nodes of one size that come when runs wait and go when idle.",
            (
                SIZE,
                Param("min_nodes", "Fewest nodes", "int", 0, "minNodeCount", "", 0, 1000),
                Param("max_nodes", "Most nodes", "int", 4, "maxNodeCount", "", 1, 1000),
                IDLE, MACHINES, HOURLY, SUBNET,
            ), icon="stack-2",
        ),
        Kind(
            "instance", "ComputeInstance", "Instance",
            "One person's development box, started and stopped by hand or when idle.",
            (
                SIZE,
                Param(
                    "idle_seconds", "Idle seconds before it stops", "seconds", 3600,
                    "idleTimeBeforeShutdown", "0: it never stops by itself.", 0, 604_800,
                ),
                MACHINES, HOURLY, SUBNET,
            ), startable=True, icon="device-desktop",
        ),
        Kind(
            "machine", "VirtualMachine", "Attached machine",
            "Any Linux machine: one command there joins a worker over the broker.",
            (HOURLY,), own_pool=True, icon="plug",
        ),
        Kind(
            "ssh", "VirtualMachine", "Machine over SSH",
            "A Linux host or data science VM: the worker is started there through ssh.",
            (
                ADDRESS_OF,
                Param("ssh_port", "SSH port", "int", 22, "sshPort", "", 1, 65_535),
                HOURLY,
            ), own_pool=True, icon="terminal-2",
        ),
        Kind(
            "kubernetes", "Kubernetes", "Kubernetes",
            "A cluster: apply the manifest, and its pods join as workers.",
            (
                Param("namespace", "Namespace", "text", "default", "namespace"),
                Param("replicas", "Workers", "int", 1, "replicas", "", 1, 1000),
                HOURLY,
            ), own_pool=True, icon="box",
        ),
        Kind(
            "dask", "Dask", "Dask",
            "Runs start here and find the Dask scheduler: joblib's dask backend uses its workers.",
            (
                Param(
                    "scheduler", "Scheduler address", "address", "", "schedulerAddress",
                    "tcp://host:8786; empty: each run starts a scheduler of its own.",
                ),
                MACHINES, HOURLY,
            ), icon="sitemap",
        ),
        Kind(
            "spark", "SynapseSpark", "Spark",
            "Runs start Spark in local mode here; needs Java, and an interpreter that has pyspark.",
            (Param("master", "Master", "address", "local[*]", "master"), HOURLY),
        ),
        *(
            Kind(
                name, azure, title, f"Recorded from Azure's documents; {title} needs Azure.",
                (Param("resource_id", "Resource id", "text", "", "resourceId"),),
                recorded=f"{title} exists only in Azure: this studio records it and runs nothing there",
            )
            for name, azure, title in (
                ("databricks", "Databricks", "Databricks"),
                ("hdinsight", "HDInsight", "HDInsight"),
                ("datalakeanalytics", "DataLakeAnalytics", "Data Lake Analytics"),
            )
        ),
    )
}  # fmt: skip
# Azure's words, and those of its command line, for the same kinds.
OTHER_NAMES = {
    "amlcompute": "cluster", "computeinstance": "instance", "virtualmachine": "ssh",
    "aks": "kubernetes", "synapsespark": "spark", "attached": "machine",
}  # fmt: skip


def find_kind(name: str) -> Kind:
    """Return the kind that a name of ours or of Azure's means."""
    wanted = name.strip().lower()
    kind = KINDS.get(OTHER_NAMES.get(wanted, wanted))
    if kind is None:
        raise StudioError(
            f"There is no kind of compute {name!r}.",
            hint=f"Known: {', '.join(KINDS)}.",
            where="kind",
        )
    return kind
