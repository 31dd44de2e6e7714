"""`newsloom keys`: API keys of the gateway."""

from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(help="Make API keys for the gateway.", no_args_is_help=True, rich_markup_mode=None)


@app.callback()
def keys() -> None:
    """Make API keys for the gateway."""


@app.command()
def new(
    holder: Annotated[str, typer.Argument(metavar="ID", help="Name of whoever gets the key; goes into records' headers.")],
    file: Annotated[
        Path, typer.Option(envvar="GATEWAY_KEYS_FILE", help="TOML file of the gateway; made when it isn't there.")
    ] = Path("gateway-keys.toml"),
) -> int:
    """Make a key: its hash goes to the end of the file, the key itself to standard output, this once.

    For a holder that has a key, only says what to add to the file: both count while the old one is replaced. A gateway
    that runs with the file takes the key within a second. Limits for a holder (requests_per_s, burst, articles_per_day,
    may_withdraw) are lines that you may add below its id; docs/gateway.md has them all.

    Example: newsloom keys new herald --file /etc/newsloom/keys.toml
    """
    from pydantic import ValidationError

    from services.cli.errors import CouldNot, WrongUse
    from services.cli.screen import note
    from services.gateway.errors import KeysUnreadable
    from services.gateway.keys import Key, add_key, new_key, read_keys

    token, digest = new_key()
    try:
        key = Key(id=holder, hashes=(digest,))
        known = {each.id for each in read_keys(file)} if file.exists() and file.stat().st_size else set()
    except ValidationError:
        raise WrongUse("ID is up to 64 letters, digits, dots, hyphens and underscores, the first a letter or digit") from None
    except KeysUnreadable as error:
        raise CouldNot(str(error)) from error
    if holder in known:
        note(
            f"{file} has a key for {holder}. To replace it, add this hash to its hashes, and take out the old one later: {digest}"
        )
        print(token)
        return 0
    try:
        add_key(file, key)
    except OSError as error:
        raise CouldNot(f"{file}: {error.strerror}") from error
    note(f"{holder} pushes with this key, which is kept nowhere; its hash is in {file}")
    print(token)
    return 0
