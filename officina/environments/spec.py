"""Read what an environment asks for: our dict, conda YAML or requirements text -> Requirements.

Conda packages are looked for on PyPI under the same or a mapped name; what PyPI cannot have is
named in a warning, never dropped in silence.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import yaml

from officina.environments import curated, interpreters
from officina.errors import StudioError

# Conda's name -> PyPI's, where they differ.
PYPI_NAMES = {
    "fastai2": "fastai",
    "lightgbm-cpu": "lightgbm",
    "matplotlib-base": "matplotlib",
    "msgpack-python": "msgpack",
    "opencv": "opencv-python-headless",
    "py-opencv": "opencv-python-headless",
    "py-xgboost": "xgboost-cpu",
    "py-xgboost-cpu": "xgboost-cpu",
    "pytables": "tables",
    "pytorch": "torch",
    "pytorch-cpu": "torch",
    "tensorflow-mkl": "tensorflow",
}
# Not Python packages: system libraries that wheels bring along or that a virtual environment
# cannot hold.
NOT_PYTHON = frozenset(
    {
        "blas",
        "ca-certificates",
        "cpuonly",
        "cudatoolkit",
        "cudnn",
        "gcc",
        "git",
        "libblas",
        "libgcc",
        "libgcc-ng",
        "libgfortran",
        "libopenblas",
        "libstdcxx-ng",
        "llvm-openmp",
        "make",
        "mkl",
        "nccl",
        "nodejs",
        "nomkl",
        "openjdk",
        "openmpi",
        "openssl",
        "pytorch-cuda",
        "pytorch-mutex",
        "r-base",
        "sqlite",
        "vs2015_runtime",
    }
)
# Packages of Azure's that stand for what the studio brings along itself.
META = {
    "azureml-defaults": "the scoring server and run tracking are the studio's own",
    "azureml-inference-server-http": "the scoring server is the studio's own",
    "azureml-monitoring": "the data collector is the studio's own",
}
_NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?")
_BOUND = r"(?:===|==|~=|!=|<=|>=|<|>)\s*[A-Za-z0-9._*+!-]+"
_REQUIREMENT = re.compile(
    rf"{_NAME.pattern}\s*(?:\[[A-Za-z0-9._,\s-]*\])?\s*"
    rf"(?:\(?\s*{_BOUND}(?:\s*,\s*{_BOUND})*\s*\)?)?"
    r"\s*(?:;[^\n]*)?"
)
_CONDA = re.compile(r"(?:[\w./-]+::)?(?P<name>[A-Za-z0-9_][A-Za-z0-9._-]*)\s*(?P<rest>.*)")


@dataclass(frozen=True)
class Requirements:
    """What to install: Python ("3.11", None = ours), PEP 508 lines, and what people should know."""

    name: str
    python: str | None
    packages: tuple[str, ...]
    warnings: tuple[str, ...] = ()
    curated: str | None = None
    # A user-managed interpreter, used as it is.
    interpreter: str = ""
    image: str = ""
    variables: tuple[tuple[str, str], ...] = ()


def parse(specification: str | Mapping[str, Any]) -> Requirements:
    """Return what a reference, inline environment, conda YAML or requirements text asks for."""
    if isinstance(specification, str):
        if "\n" not in specification.strip():
            return of_curated(curated.find(specification))
        return _parse_text(specification)
    return _parse_mapping(specification)


def of_curated(one: curated.Curated, *, warnings: tuple[str, ...] = ()) -> Requirements:
    """Return the requirements of a curated environment."""
    return Requirements(
        one.name, one.python, one.packages, warnings, curated=one.name, interpreter=one.interpreter
    )


def parse_conda(content: str | Mapping[str, Any], *, name: str = "") -> Requirements:
    """Read a conda environment file (its text or its parsed form)."""
    data = _load(content) if isinstance(content, str) else content
    entries = data.get("dependencies") if isinstance(data, Mapping) else None
    if not isinstance(entries, list):
        raise _wrong("A conda file needs a list `dependencies`.", "conda_file.dependencies")
    python: str | None = None
    packages: list[str] = []
    warnings: list[str] = []
    mapped: list[str] = []
    for number, entry in enumerate(entries):
        where = f"conda_file.dependencies[{number}]"
        if isinstance(entry, Mapping) and isinstance(entry.get("pip"), list):
            found, more = _pip_lines([str(line) for line in entry["pip"]], where)
            packages += found
            warnings += more
            continue
        if not isinstance(entry, str):
            raise _wrong(f"{entry!r} is neither a package nor a `pip:` list.", where)
        package, version = _conda_package(entry, where)
        if package == "python":
            python = _python_version(version)
        elif package in NOT_PYTHON:
            warnings.append(
                f"{package} is no Python package and was left out; wheels bring theirs."
            )
        elif package != "pip" or version:
            mapped.append(PYPI_NAMES.get(package, package))
            packages.append(mapped[-1] + version)
    if mapped:
        warnings.append(f"Resolved from PyPI instead of conda: {', '.join(mapped)}.")
    title = name or str(data.get("name") or "conda environment")
    packages, stood = _without_meta(packages)
    return Requirements(
        title,
        python,
        tuple(packages),
        (*warnings, *stood),
        variables=_variables(data.get("variables"), "conda_file.variables"),
    )


def parse_requirements(text: str, *, name: str = "requirements") -> Requirements:
    """Read the text of a requirements file."""
    packages, warnings = _pip_lines(text.splitlines(), "requirements")
    packages, stood = _without_meta(packages)
    return Requirements(name, None, tuple(packages), (*warnings, *stood))


def _without_meta(packages: list[str]) -> tuple[list[str], list[str]]:
    """Take out what the studio brings itself; say so for each."""
    kept: list[str] = []
    notes: list[str] = []
    for line in packages:
        match = re.match(r"[A-Za-z0-9._-]+", line)
        name = re.sub(r"[-_.]+", "-", match[0]).lower() if match else ""
        if name in META:
            notes.append(f"{name} needs no installation: {META[name]}.")
        else:
            kept.append(line)
    return kept, notes


def _variables(value: Any, where: str) -> tuple[tuple[str, str], ...]:
    if not value:
        return ()
    if not isinstance(value, Mapping):
        raise _wrong("Variables are a mapping of names to values.", where)
    for name in value:
        if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", str(name)):
            raise _wrong(f"{name!r} cannot name a variable.", where)
    return tuple((str(name), str(each)) for name, each in value.items())


def _parse_text(text: str) -> Requirements:
    if re.search(r"^\s*dependencies\s*:", text, re.MULTILINE):
        return parse_conda(text)
    return parse_requirements(text)


def _parse_mapping(data: Mapping[str, Any]) -> Requirements:
    given = data.get("environmentVariables") or data.get("environment_variables")
    variables = _variables(given, "environment.environment_variables")
    found = _parse_v1(data) if isinstance(data.get("python"), Mapping) else _parse_v2(data)
    image = str(data.get("image") or found.image)
    return replace(found, image=image, variables=(*found.variables, *variables))


def _parse_v1(data: Mapping[str, Any]) -> Requirements:
    """Read the v1 SDK's form: `python` with an interpreter or conda dependencies, `docker`."""
    python, docker = data["python"], data.get("docker") or {}
    name = str(data.get("name") or "environment")
    managed = python.get("userManagedDependencies", python.get("user_managed_dependencies"))
    if managed:
        path = python.get("interpreterPath") or python.get("interpreter_path") or "current"
        interpreters.find(str(path))
        return Requirements(name, None, (), interpreter=str(path))
    conda = python.get("condaDependencies") or python.get("conda_dependencies")
    image = docker.get("baseImage") or docker.get("base_image")
    told = {"name": name, "conda_file": conda or {"dependencies": []}}
    found = _parse_v2(told | ({"image": image} if image else {}))
    return replace(found, image=str(image or ""))


def _parse_v2(data: Mapping[str, Any]) -> Requirements:
    name = str(data.get("name") or "environment")
    image = data.get("image")
    conda = data.get("conda_file") or data.get("condaFile")
    if "dependencies" in data:
        return parse_conda(data, name=str(data.get("name") or ""))
    if conda:
        if isinstance(conda, str) and "\n" not in conda.strip():
            # Never opened here: a worker must not read a path that a user wrote.
            raise _wrong(f"The conda file {conda!r} was not sent along.", "environment.conda_file")
        found = parse_conda(conda, name=name)
        # Beside packages an image is only what they would be laid upon.
        return _with_warnings(found, _image_warning(str(image))) if image else found
    if data.get("requirements"):
        wanted = data["requirements"]
        return parse_requirements(
            wanted if isinstance(wanted, str) else "\n".join(map(str, wanted)), name=name
        )
    if data.get("build"):
        raise StudioError(
            "A Docker build context cannot be built here: there is no container runtime.",
            hint="Give a conda_file with the packages that you need.",
            where="environment.build",
        )
    if image:
        return _for_image(str(image))
    if data.get("name"):
        return of_curated(curated.find(name))
    raise _wrong("The environment names neither packages nor an image.", "environment")


def _for_image(image: str) -> Requirements:
    known = re.search(r"/curated/([^:@/]+)", image)
    if known:
        try:
            return of_curated(curated.find(known[1]), warnings=(_image_warning(image),))
        except StudioError:
            pass  # a curated image that we do not have gets the default, with the warning below
    default = curated.CURATED[curated.DEFAULT]
    warning = f"{_image_warning(image)} The environment {default.name} stands in for it."
    return of_curated(default, warnings=(warning,))


def _image_warning(image: str) -> str:
    return f"Image {image} not used: no container runtime."


def _with_warnings(found: Requirements, *more: str) -> Requirements:
    return replace(found, warnings=(*found.warnings, *more))


def _conda_package(entry: str, where: str) -> tuple[str, str]:
    """Return PyPI's (name, version part) of a conda specification such as `numpy=1.26=py311_0`."""
    match = _CONDA.fullmatch(entry.strip())
    if match is None:
        raise _wrong(f"{entry!r} is not a package.", where)
    name, rest = match["name"].lower(), match["rest"].replace(" ", "")
    if not rest:
        return name, ""
    if rest[0] in "<>!~" or rest.startswith("=="):
        version = rest
        if rest.startswith("==") and "=" in rest[2:]:
            version = "==" + rest[2:].split("=")[0]
    elif rest[0] == "=":
        plain = rest[1:].split("=")[0]
        exact = "=" in rest[1:] or plain.endswith("*") or plain.count(".") >= 2
        version = f"=={plain}" if exact else f"=={plain}.*"
    else:
        raise _wrong(f"{entry!r} has a version that is not understood.", where)
    if not _REQUIREMENT.fullmatch(f"x{version}"):
        raise _wrong(f"{entry!r} has a version that is not understood.", where)
    return name, version


def _python_version(version: str) -> str | None:
    match = re.search(r"(\d+\.\d+)", version)
    return match[1] if match else None


def _pip_lines(lines: list[str], where: str) -> tuple[list[str], list[str]]:
    packages: list[str] = []
    warnings: list[str] = []
    for number, raw in enumerate(lines):
        line = re.sub(r"(^|\s)#.*", "", raw).strip().rstrip("\\").strip()
        if not line or line.startswith("--hash="):
            continue
        if line.startswith("-"):
            option = line.split()[0]
            warnings.append(f"The option {option} was left out: the index is this machine's.")
            continue
        line = re.sub(r"\s+--hash=\S+", "", line)
        if not _REQUIREMENT.fullmatch(line):
            message = f"{line!r} is not a package with a version, such as `numpy==1.26.4`."
            raise _wrong(message, f"{where}[{number}]")
        packages.append(line)
    return packages, warnings


def _load(text: str) -> Any:
    try:
        return yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise _wrong(f"The conda file is not YAML: {error}", "conda_file") from error


def _wrong(message: str, where: str) -> StudioError:
    return StudioError(message, where=where, hint="See the conda environment file format.")
