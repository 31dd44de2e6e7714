"""Asks a health address whether all is well, for an image's health check: `python -m services.runtime.probe URL`."""

import http.client
import sys
from collections.abc import Sequence
from urllib.parse import urlsplit

# Under the 5 s after which the images' HEALTHCHECK gives up, so that the reason is still printed.
TIMEOUT_S = 4.0

_SHOWN_BYTES = 2_000


def main(arguments: Sequence[str]) -> int:
    """0 when the address answers 200, else 1 (Docker reserves 2); what it says goes to standard output."""
    if len(arguments) != 1:
        print("usage: python -m services.runtime.probe http://HOST:PORT/PATH")
        return 1
    try:
        status, body = answer(arguments[0])
    except (OSError, ValueError, http.client.HTTPException) as error:
        print(f"{arguments[0]}: {' '.join(str(error).split()) or type(error).__name__}")
        return 1
    print(f"{status} {body}")
    return 0 if status == http.client.OK else 1


def answer(url: str, timeout_s: float = TIMEOUT_S) -> tuple[int, str]:
    """The status of an HTTP address and the beginning of its body.

    No proxy is asked, whatever the environment says: the address is this container's own.

    Raises:
        ValueError: the address isn't http://HOST[:PORT]/PATH.
        OSError, http.client.HTTPException: nobody answers, or not in HTTP.
    """
    parts = urlsplit(url)
    if parts.scheme != "http" or not parts.hostname:
        raise ValueError("not an http:// address")
    connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=timeout_s)
    try:
        connection.request("GET", parts.path or "/")
        response = connection.getresponse()
        return response.status, response.read(_SHOWN_BYTES).decode("utf-8", "replace").strip()
    finally:
        connection.close()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
