"""`orderflow as2`: keys of one's own, and what the partner needs of them."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from orderflow.domain.errors import InputError

as2 = typer.Typer(name="as2", help="Keys for AS2, and what to send to the partner.", no_args_is_help=True)


@as2.command(epilog="Example: orderflow as2 keys 'ACME Orders' --into /etc/orderflow")
def keys(
    name: Annotated[str, typer.Argument(help="Our AS2 name, as the partner will know us.")],
    folder: Annotated[Path, typer.Option("--into", help="Where the two files are written.")] = Path(),
    days: Annotated[int, typer.Option(min=1, max=3650, help="For how long the certificate counts.")] = 1095,
) -> None:
    """Make a key and a certificate. The key stays here; the certificate goes to the partner."""
    from orderflow.channels.as2.certificates import certificates
    from orderflow.channels.as2.new_keys import new_keys

    made = new_keys(name, datetime.now(UTC), days=days)
    key, certificate = folder / "as2_key.pem", folder / "as2_certificate.pem"
    _write(key, made.key, 0o600)
    try:
        _write(certificate, made.certificate, 0o644)
    except InputError:
        key.unlink()  # made a moment ago; no partner knows it
        raise
    (known,) = certificates(made.certificate)
    typer.echo(f"Key:          {key}   (paste it into the connection as our key; show it to nobody)")
    typer.echo(f"Certificate:  {certificate}   (add it to our certificates, and send it to the partner)")
    typer.echo(f"Counts until: {known.ends:%Y-%m-%d}")
    typer.echo(f"SHA-256:      {known.fingerprint}   (compare it with the partner over another way)")


def _write(path: Path, content: str, mode: int) -> None:
    """Write a file that is not there yet, readable as `mode` says from its first byte."""
    try:
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "w") as file:
            file.write(content)
    except FileExistsError:
        raise InputError(f"{path} is there already.", hint="Move it away first: it may be the key in use.") from None
    except OSError as error:
        raise InputError(f"{path} cannot be written: {error.strerror}.", hint="Name another folder.") from None
