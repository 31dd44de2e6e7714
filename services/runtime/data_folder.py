"""Where what must be kept lives: the local broker's records and the services' logs."""

import os
import sys
from collections.abc import Mapping
from pathlib import Path

VARIABLE = "NEWSLOOM_DATA_DIR"
_NAME = "newsloom"


def data_folder(environ: Mapping[str, str] = os.environ, platform: str = sys.platform, home: Path | None = None) -> Path:
    """Newsloom's folder for what a user would miss, by each system's convention; it may not exist yet."""
    if override := environ.get(VARIABLE):
        return Path(override).expanduser().absolute()
    home = home or Path.home()
    if (xdg := environ.get("XDG_DATA_HOME")) and Path(xdg).is_absolute():  # Relative ones are invalid, says XDG.
        return Path(xdg, _NAME)
    if platform == "darwin":
        return home / "Library" / "Application Support" / _NAME
    if platform == "win32":
        return Path(environ.get("LOCALAPPDATA") or home / "AppData" / "Local", _NAME, "Data")
    return home / ".local" / "share" / _NAME
