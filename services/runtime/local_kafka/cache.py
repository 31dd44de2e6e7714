"""Where the user's cache folder is, on each system."""

import os
import sys
from collections.abc import Mapping
from pathlib import Path

OVERRIDE = "NEWSLOOM_CACHE_DIR"
_NAME = "newsloom"


def cache_folder(environ: Mapping[str, str] = os.environ, platform: str = sys.platform, home: Path | None = None) -> Path:
    """Newsloom's folder for what can be fetched again; it may not exist yet."""
    if override := environ.get(OVERRIDE):
        return Path(override).expanduser().absolute()
    home = home or Path.home()
    if (xdg := environ.get("XDG_CACHE_HOME")) and Path(xdg).is_absolute():  # Relative ones are invalid, says XDG.
        return Path(xdg, _NAME)
    if platform == "darwin":
        return home / "Library" / "Caches" / _NAME
    if platform == "win32":
        return Path(environ.get("LOCALAPPDATA") or home / "AppData" / "Local", _NAME, "Cache")
    return home / ".cache" / _NAME
