"""The shipped data is found from a checkout, from an editable install and from a built wheel. No network is used."""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

SEES = """
import json, sys
import scanner
from importlib.resources import files
from scanner.resources import data_dir
print(json.dumps({
    "package": scanner.__file__,
    "baseline": (data_dir("baselines") / "porter" / "2026-05" / "aws.yaml").is_file(),
    "templates": sorted(p.name for p in data_dir("templates").iterdir()),
    "scenarios": sorted(p.name for p in (files("scanner") / "localcloud" / "scenarios").iterdir()),
    "typed": (files("scanner") / "py.typed").is_file(),
}))
"""


def run(*command: str | Path, cwd: Path, **environ: str) -> str:
    env = {"PATH": os.environ["PATH"], "HOME": str(cwd), "PIP_NO_INDEX": "1", "PIP_CONFIG_FILE": os.devnull, **environ}
    done = subprocess.run([str(c) for c in command], cwd=cwd, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
    return done.stdout


def environment(folder: Path) -> Path:
    """Make an environment that sees this one's libraries but not its `scanner`, and return its interpreter.

    A path file lists directories only: the editable install of the checkout is not followed through it.
    """
    run(sys.executable, "-m", "venv", "--without-pip", folder, cwd=folder.parent)
    python = folder / "bin" / "python"
    site = Path(run(python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))", cwd=folder).strip())
    libraries = {sysconfig.get_path("purelib"), sysconfig.get_path("platlib")}
    (site / "libraries.pth").write_text("".join(f"{path}\n" for path in sorted(libraries)))
    return python


def install(python: Path, *what: str | Path) -> None:
    options = ("--no-deps", "--no-index", "--no-build-isolation", "--quiet")
    run(sys.executable, "-m", "pip", "--python", python, "install", *options, *what, cwd=python.parent)


def what_it_sees(python: Path, cwd: Path, **environ: str) -> dict[str, object]:
    import json

    return dict(json.loads(run(python, "-c", SEES, cwd=cwd, **environ)))


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> dict[str, object]:
    return what_it_sees(Path(sys.executable), tmp_path_factory.mktemp("elsewhere"), PYTHONPATH=str(ROOT))


def test_a_checkout_finds_its_data_from_any_directory(checkout: dict[str, object]) -> None:
    assert checkout["package"] == str(ROOT / "scanner" / "__init__.py")
    assert checkout["baseline"]
    assert checkout["templates"]
    assert checkout["scenarios"]


def test_an_editable_install_finds_the_checkouts_data(tmp_path: Path, checkout: dict[str, object]) -> None:
    python = environment(tmp_path / "env")
    install(python, "--editable", ROOT)
    assert what_it_sees(python, tmp_path) == checkout
    assert "porter@2026-05" in run(python.parent / "porter-audit", "baseline", "list", cwd=tmp_path)


def test_a_wheel_made_from_the_source_archive_carries_the_data(tmp_path: Path, checkout: dict[str, object]) -> None:
    run(sys.executable, "-m", "build", "--no-isolation", "--outdir", tmp_path / "dist", ROOT, cwd=tmp_path)
    (wheel,) = (tmp_path / "dist").glob("porter_audit-*-py3-none-any.whl")
    python = environment(tmp_path / "env")
    install(python, wheel)
    seen = what_it_sees(python, tmp_path)
    assert str(seen["package"]).startswith(str(tmp_path / "env"))
    assert {**seen, "package": ""} == {**checkout, "package": ""}
    assert "porter@2026-05" in run(python.parent / "porter-audit", "baseline", "list", cwd=tmp_path)
