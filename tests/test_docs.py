"""Whatever can be set has its line in the documentation, and the documentation lists nothing else."""

from __future__ import annotations

import re
from pathlib import Path

from studio import settings

ROOT = Path(__file__).resolve().parent.parent
SETTINGS_PAGE = (ROOT / "docs" / "settings.md").read_text()
READ = re.compile(r'env_(?:str|int|bool|list|secret)\(\s*"([A-Z_]+)"')


def variables_read() -> set[str]:
    """Return the environment variables that the settings file reads."""
    return set(READ.findall((ROOT / "studio" / "settings.py").read_text()))


def test_every_variable_that_the_settings_read_is_documented() -> None:
    assert len(variables_read()) > 10
    assert {name for name in variables_read() if f"| `{name}` |" not in SETTINGS_PAGE} == set()


def test_no_variable_is_documented_that_nothing_reads() -> None:
    sources = (
        "".join(
            path.read_text()
            for top in ("officina", "studio", "registry", "designer")
            for path in (ROOT / top).rglob("*.py")
        )
        + (ROOT / "Makefile").read_text()
    )
    documented = set(re.findall(r"`([A-Z]+_[A-Z_]+)`", SETTINGS_PAGE))
    # The first is a header's; the second is read by the library that opens containers.
    elsewhere = {"X_FORWARDED_PROTO", "AZURE_STORAGE_CONNECTION_STRING"}
    assert {name for name in documented if name not in sources} <= elsewhere


def test_only_the_settings_read_the_servers_environment() -> None:
    offenders = [
        str(path.relative_to(ROOT))
        for top in ("studio", "registry", "designer")
        for path in (ROOT / top).rglob("*.py")
        if re.search(r"os\.(environ\b(?!\.setdefault)|getenv)", path.read_text())
        and path.name not in {"env.py", "home.py", "join.py", "up.py"}
    ]
    assert offenders == []


def test_every_system_check_is_documented() -> None:
    ids = set(re.findall(r'id="(officina\.[EW]\d+)"', (ROOT / "studio/lib/checks.py").read_text()))
    assert ids
    assert {name for name in ids if f"`{name}`" not in SETTINGS_PAGE} == set()


def test_the_version_is_the_newest_one_of_the_changelog() -> None:
    import tomllib

    changelog = (ROOT / "CHANGELOG.md").read_text()
    assert "## Unreleased" in changelog
    assert (
        tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
        == settings.VERSION
    )


def test_every_page_and_test_that_a_page_names_exists() -> None:
    for page in [ROOT / "README.md", *(ROOT / "docs").glob("*.md")]:
        text = page.read_text()
        for name in re.findall(r"\]\(([^)#:\s]+)(?:#[^)]*)?\)", text):
            assert (page.parent / name).exists(), f"{page.name}: {name}"
        for name in re.findall(r"`(tests/[^`\s]+)`", text):
            assert list(ROOT.glob(name)), f"{page.name}: {name}"
