"""`python -m tests.browser`: look at the report in a real browser. Arguments go to pytest."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.acceptance import packages

COMMANDS = {"chromium": "chromium", "fc-match": "fontconfig", "pdfinfo": "poppler-utils"}


def main(arguments: list[str]) -> int:
    """The exit code; 0 where there is no browser to be had, which is said."""
    try:
        packages.install(COMMANDS)
    except packages.Unavailable as unavailable:
        sys.stdout.write(f"browser: skipped: {unavailable}\n")
        return 0
    code = int(
        pytest.main(["-m", "browser", "-p", "no:cacheprovider", "--quiet", *arguments, str(Path(__file__).parent)])
    )
    sys.stdout.write(f"browser: {'passed' if code == 0 else 'FAILED'}\n")
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
