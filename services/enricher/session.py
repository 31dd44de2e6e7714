"""Opens a model file in onnxruntime: one session for all threads, and nothing reported to its maker."""

import os
from pathlib import Path
from typing import Any

from services.enricher.errors import AssetCorrupt

# What fails is raised; onnxruntime's own log would say it again, in its own form.
_ONLY_FATAL = 4


def open_session(path: Path) -> Any:
    """The model's session. A window on one thread is faster than one on several, and never differs.

    Raises:
        AssetCorrupt: the file is no model that onnxruntime can open.
    """
    # onnxruntime's wheels report to their maker unless told not to before they are imported (their Privacy.md).
    os.environ["ORT_DISABLE_TELEMETRY"] = "1"
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.enable_mem_pattern = False  # windows differ in length; a pattern for each length would only grow
    options.log_severity_level = _ONLY_FATAL
    try:
        return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    except Exception as error:  # its errors have no other base
        raise AssetCorrupt(f"{path} is no model that onnxruntime can open: {first_line(error)}") from error


def first_line(error: Exception) -> str:
    """What an error says, without the lines that a library adds below."""
    return str(error).strip().partition("\n")[0]
