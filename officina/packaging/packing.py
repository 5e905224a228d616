"""The job that packs a model with all it needs to score elsewhere, with Docker or without.

    python -m officina.packaging.packing --model <folder> --to <folder> --result <folder> ...

The model is never loaded: what it needs was read from its pickles' opcodes before. The same model in
the same environment always gives the same bytes.
"""

from __future__ import annotations

import argparse
import gzip
import hashlib
import io
import json
import platform
import tarfile
from collections.abc import Mapping
from pathlib import Path

import officina
from officina.packaging import locking
from officina.packaging.converting import say
from officina.tracking import Run

MOMENT = 1_577_836_800  # 2020-01-01: when a package was made is no part of it
# What scoring takes of this package.
ENGINE = (
    "__init__.py", "packaging/__init__.py", "packaging/loading.py", "packaging/rows.py",
    "packaging/serving.py",
)  # fmt: skip
# What a model that the designer made takes besides: its classes, and Score Model.
MODULES = (
    "errors.py",
    "lazy.py",
    "catalogue.py",
    "component.py",
    "parameters.py",
    "columns",
    "modules",
)
SCORE = '''"""Scores with {name}, version {version}: `init()` loads it, `run()` answers a request's text."""

import os
from pathlib import Path

from officina.packaging.loading import load

model = None


def init():
    global model
    folder = os.environ.get("AZUREML_MODEL_DIR") or Path(__file__).parent / "model"
    model = load(Path(folder))


def run(raw_data):
    return model.answer(raw_data)
'''
DOCKERFILE = """FROM python:{python}-slim
WORKDIR /app
COPY requirements.txt .
RUN pip install --no-cache-dir --no-deps{hashed} -r requirements.txt
COPY . .
RUN useradd --system scorer
USER scorer
EXPOSE 5001
HEALTHCHECK CMD ["python", "-c", "import urllib.request as u; u.urlopen('http://127.0.0.1:5001/')"]
CMD ["python", "-m", "officina.packaging.serving", "--host", "0.0.0.0", "--name", "{name}:{version}"]
"""
README = """# {name}, version {version}

A model packed by Officina {officina}: `model/` has its files, `requirements.txt` the exact packages,
`score.py` answers requests. Python {python}.

{how}

Then ask it:

    curl -d '{sample}' http://127.0.0.1:5001/score

`GET /` tells whether it lives. `package.json` has the digest of every file.
"""
WITH_DOCKER = """With Docker:

    docker build -t {image} .
    docker run --rm -p 5001:5001 {image}"""
WITHOUT = """With Python {python} and uv:

    uv venv --python {python} && uv pip sync requirements.txt
    .venv/bin/python -m officina.packaging.serving --name {name}:{version}"""
SAMPLE = '{"columns": ["..."], "data": [["..."]]}'


def main(words: list[str] | None = None) -> int:
    """Pack; return the exit code."""
    parser = argparse.ArgumentParser(prog="officina.packaging.packing")
    parser.add_argument("--model", type=Path, required=True)
    parser.add_argument("--to", type=Path, required=True, help="folder of the archives")
    parser.add_argument("--result", type=Path, required=True)
    parser.add_argument("--name", required=True)
    parser.add_argument("--version", required=True)
    parser.add_argument("--modules", default="", help="what its pickles import, with commas")
    parser.add_argument("--form", choices=("docker", "plain", "both"), default="both")
    parser.add_argument("--sample", type=Path)
    given = parser.parse_args(words)
    run = Run.get_context()
    try:
        found = _pack(given, run)
    except locking.NotInstalled as error:
        say(f"error: {error}")
        run.fail(str(error), code="invalid", where="environment")
        return 1
    given.result.mkdir(parents=True, exist_ok=True)
    (given.result / "result.json").write_text(json.dumps(found, indent=1), encoding="utf-8")
    run.progress(1.0, "done")
    return 0


def _pack(given: argparse.Namespace, run: Run) -> dict[str, object]:
    modules = {module for module in given.modules.split(",") if module}
    run.progress(0.1, "locking packages")
    lock, hashed = locking.lock_for(modules)
    count = sum(1 for line in lock.splitlines() if line[:1].isalnum())
    say(f"locked {count} packages{' with hashes' if hashed else ''}")
    files = _files(given, lock, designed="officina" in modules)
    run.progress(0.4, "writing")
    given.to.mkdir(parents=True, exist_ok=True)
    archives = []
    for form in ("docker", "plain") if given.form == "both" else (given.form,):
        top = f"{given.name}-{given.version}"
        place = given.to / f"{top}{'-docker' if form == 'docker' else ''}.tar.gz"
        members = dict(files) | _texts(given, form, hashed, lock, files)
        members["package.json"] = _manifest(given, members)
        digest, size = write_tar(place, top, members)
        archives.append({"file": place.name, "form": form, "sha256": digest, "size": size})
        say(f"{place.name}: {size:,} bytes, sha256 {digest}")
    return {"archives": archives, "packages": count, "hashed": hashed, "python": _python(),
            "lock": lock[:200_000]}  # fmt: skip


def _files(given: argparse.Namespace, lock: str, *, designed: bool) -> dict[str, Path | bytes]:
    files: dict[str, Path | bytes] = {"requirements.txt": lock.encode()}
    root = given.model
    for path in sorted(root.rglob("*")) if root.is_dir() else [root]:
        if path.is_file() and not path.is_symlink():
            name = path.relative_to(root).as_posix() if root.is_dir() else path.name
            files[f"model/{name}"] = path
    engine = Path(officina.__file__).resolve().parent
    for part in ENGINE + (MODULES if designed else ()):
        place = engine / part
        for path in sorted(place.rglob("*.py")) if place.is_dir() else [place]:
            files[f"officina/{path.relative_to(engine).as_posix()}"] = path
    own = files.get("model/score.py")
    score = SCORE.format(name=given.name, version=given.version).encode()
    files["score.py"] = own if own is not None else score
    say(f"{len(files)} files; {'its own score.py' if own is not None else 'score.py is generated'}")
    return files


def _texts(
    given: argparse.Namespace, form: str, hashed: bool, lock: str, files: Mapping[str, Path | bytes]
) -> dict[str, bytes]:
    words = {
        "name": given.name,
        "version": given.version,
        "python": _python(),
        "officina": officina.__version__,
        "image": f"{given.name}:{given.version}".lower(),
        "hashed": " --require-hashes" if hashed else "",
        "sample": SAMPLE,
    }
    if given.sample is not None:
        words["sample"] = "@sample.json"
    how = (WITH_DOCKER if form == "docker" else WITHOUT).format(**words)
    found = {"README.md": README.format(how=how, **words).encode()}
    if given.sample is not None:
        found["sample.json"] = given.sample.read_bytes()
    if form == "docker":
        found["Dockerfile"] = DOCKERFILE.format(**words).encode()
        found[".dockerignore"] = b".venv\n__pycache__\n"
    return found


def _python() -> str:
    return ".".join(platform.python_version_tuple()[:2])


def _manifest(given: argparse.Namespace, members: Mapping[str, Path | bytes]) -> bytes:
    digests = {}
    for name, what in sorted(members.items()):
        if isinstance(what, bytes):
            digests[name] = hashlib.sha256(what).hexdigest()
        else:
            with what.open("rb") as source:
                digests[name] = hashlib.file_digest(source, "sha256").hexdigest()
    about = {
        "schema": 1,
        "model": given.name,
        "version": given.version,
        "python": _python(),
        "files": digests,
    }
    return json.dumps(about, indent=1, sort_keys=True).encode() + b"\n"


def write_tar(place: Path, top: str, members: Mapping[str, Path | bytes]) -> tuple[str, int]:
    """Write a .tar.gz whose bytes depend on names and contents alone; return digest and size."""
    with (
        place.open("wb") as target,
        gzip.GzipFile("", "wb", 6, target, mtime=0) as packed,
        tarfile.open(fileobj=packed, mode="w", format=tarfile.PAX_FORMAT) as archive,
    ):
        for name, what in sorted(members.items()):
            entry = tarfile.TarInfo(f"{top}/{name}")
            entry.mtime, entry.mode = MOMENT, 0o644
            entry.size = len(what) if isinstance(what, bytes) else what.stat().st_size
            if isinstance(what, bytes):
                archive.addfile(entry, io.BytesIO(what))
            else:
                with what.open("rb") as source:
                    archive.addfile(entry, source)
    with place.open("rb") as source:
        return hashlib.file_digest(source, "sha256").hexdigest(), place.stat().st_size


if __name__ == "__main__":
    raise SystemExit(main())
