"""A site over TLS on loopback that speaks HTTP/2 and notes which name it was asked for, with a certificate made on the spot."""

import asyncio
import contextlib
import datetime
import ssl
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path

import h2.config
import h2.connection
import h2.events
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

BODY = b"<p>over HTTP/2</p>"


@dataclass
class TlsSite:
    """What the server saw."""

    port: int
    trust: ssl.SSLContext
    """A client's context that trusts its certificate, and no other."""
    names: list[str | None] = field(default_factory=list)
    """The name of each TLS handshake (SNI)."""
    requests: list[dict[str, str]] = field(default_factory=list)
    """The header fields of each request, pseudo header fields included."""


@contextlib.asynccontextmanager
async def tls_site(name: str, folder: Path) -> AsyncIterator[TlsSite]:
    """Serves BODY under a name until the block ends; folder is for its key."""
    certificate, key = _make_certificate(name, folder)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    context.set_alpn_protocols(["h2"])
    trust = ssl.create_default_context(cafile=str(certificate))
    site = TlsSite(0, trust)
    context.sni_callback = lambda connection, asked_for, _: site.names.append(asked_for)
    tasks: set[asyncio.Task[None]] = set()

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        tasks.add(task)
        with contextlib.suppress(ConnectionError, ssl.SSLError):
            await _speak(site, reader, writer)
        writer.transport.abort()
        tasks.discard(task)

    server = await asyncio.start_server(connected, "127.0.0.1", 0, ssl=context)
    site.port = server.sockets[0].getsockname()[1]
    try:
        yield site
    finally:
        server.close()
        await asyncio.gather(*tasks, return_exceptions=True)
        await server.wait_closed()


async def _speak(site: TlsSite, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    connection = h2.connection.H2Connection(h2.config.H2Configuration(client_side=False, header_encoding="utf-8"))
    connection.initiate_connection()
    writer.write(connection.data_to_send())
    while data := await reader.read(65_536):
        for event in connection.receive_data(data):
            if isinstance(event, h2.events.RequestReceived):
                site.requests.append({str(name): str(value) for name, value in event.headers})
                connection.send_headers(event.stream_id, [(":status", "200"), ("content-type", "text/html")])
                connection.send_data(event.stream_id, BODY, end_stream=True)
        writer.write(connection.data_to_send())
        await writer.drain()


def _make_certificate(name: str, folder: Path) -> tuple[Path, Path]:
    """A certificate for one name, signed by itself, good for an hour."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(hours=1))
        .not_valid_after(now + datetime.timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    paths = folder / "certificate.pem", folder / "key.pem"
    paths[0].write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    private = serialization.PrivateFormat.PKCS8
    paths[1].write_bytes(key.private_bytes(serialization.Encoding.PEM, private, serialization.NoEncryption()))
    return paths
