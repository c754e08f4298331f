"""Where a page's notebook can be opened without installing anything: Binder, on a copy at GitHub.

    launch.address("04_results.ipynb")    # "" where the project has not been cloned from there

Binder builds `environment.yml` and opens the notebook's source in JupyterLab. Which copy, a clone's
own `origin` says, so that a fork's pages lead to the fork.
"""

import re
import shutil
import subprocess
from functools import lru_cache
from urllib.parse import quote

from xit.paths import project

GITHUB = re.compile(
    r"(?:https://(?:[^/@]+@)?|ssh://git@|git@)github\.com[/:](?P<repo>[\w.-]+/[\w.-]+?)(?:\.git)?/?"
)


def address(notebook: str) -> str:
    """The address at which Binder opens `notebooks/<notebook>`; "" where there is none."""
    found = GITHUB.fullmatch(_origin())
    if not found:
        return ""
    place = quote(f"notebooks/{notebook}", safe="")
    return f"https://mybinder.org/v2/gh/{found['repo']}/HEAD?labpath={place}"


@lru_cache
def _origin() -> str:
    """The address that this checkout was cloned from; "" without git, or in an archive."""
    git = shutil.which("git")
    if git is None or not (project() / ".git").exists():
        return ""
    command = [git, "-C", str(project()), "config", "--get", "remote.origin.url"]
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip()
