"""The import rules of pyproject.toml hold."""

import subprocess
import sys
from pathlib import Path


def test_import_linter_finds_nothing():
    linter = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run([linter], cwd=Path(__file__).parents[2], capture_output=True, text=True)

    assert done.returncode == 0, done.stdout
