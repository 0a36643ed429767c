"""Keys: Ed25519, made and kept on the machine of whoever signs; their id is a digest."""

import base64
import binascii
import hashlib
import os
import stat
from pathlib import Path

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from cas_audit.errors import EvidenceError, InputError
from cas_audit.files import demand_plain

__all__ = ["PrivateKey", "PublicKey", "demonstration_key", "new_key", "read_private", "read_public"]

MOST_BYTES = 4096
OF_OTHERS = 0o077
PRIME = 2**255 - 19
OF_ORDER_8 = 0x7A03AC9277FDC74EC6CC392CFA53202A0F67100D760B3CBA4FD83D3D706A17C7
SMALL_ORDER = {0, 1, PRIME - 1, PRIME, PRIME + 1, OF_ORDER_8, PRIME - OF_ORDER_8}  # by their y


class PublicKey:
    """A public key, written as its SubjectPublicKeyInfo in base64: the inside of a PEM file."""

    def __init__(self, text: str) -> None:
        """Read a key from that text.

        Raises:
            ValueError: it is no Ed25519 key.
        """
        try:
            self.der = base64.b64decode(text, validate=True)
            key = serialization.load_der_public_key(self.der)
        except (binascii.Error, ValueError, UnsupportedAlgorithm) as error:
            message = "is no public key; expected Ed25519, as `cas-audit key show` prints it"
            raise ValueError(message) from error
        if isinstance(key, Ed25519PublicKey) and _is_small(key):
            message = "is no public key: anyone could sign for it; expected one that was made"
            raise ValueError(message)
        if not isinstance(key, Ed25519PublicKey):
            message = "is a key of another kind; expected Ed25519"
            raise ValueError(message)  # noqa: TRY004 - pydantic turns it into a sentence
        self._key = key

    @property
    def text(self) -> str:
        """The key as a policy holds it."""
        return base64.b64encode(self.der).decode("ascii")

    @property
    def id(self) -> str:
        """The SHA-256 of the key: it cannot name another."""
        return hashlib.sha256(self.der).hexdigest()

    def holds(self, signature: bytes, content: bytes) -> bool:
        """Say whether this key made a signature over some bytes."""
        try:
            self._key.verify(signature, content)
        except InvalidSignature:
            return False
        return True


def _is_small(key: Ed25519PublicKey) -> bool:
    """Say whether a key is a point of small order: what nobody signed would hold for many texts."""
    raw = key.public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)
    return int.from_bytes(raw, "little") % 2**255 in SMALL_ORDER


class PrivateKey:
    """A private key: what signs."""

    def __init__(self, key: Ed25519PrivateKey) -> None:
        """Hold a key in memory."""
        self._key = key
        der = key.public_key().public_bytes(
            serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
        )
        self.public = PublicKey(base64.b64encode(der).decode("ascii"))

    def sign(self, content: bytes) -> bytes:
        """Sign some bytes; the same bytes always give the same signature."""
        return self._key.sign(content)

    def write(self, path: Path) -> None:
        """Write the key for its owner's eyes only, and the public key beside it as `.pub`.

        Raises:
            EvidenceError: there is a file already; a key is never overwritten.
        """
        pem = self._key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        text = f"-----BEGIN PUBLIC KEY-----\n{self.public.text}\n-----END PUBLIC KEY-----\n"
        path.parent.mkdir(parents=True, exist_ok=True)
        _write_new(path, pem, 0o600)
        _write_new(path.with_name(f"{path.name}.pub"), text.encode("ascii"), 0o644)


def new_key() -> PrivateKey:
    """Make a key."""
    return PrivateKey(Ed25519PrivateKey.generate())


def demonstration_key(seed: int, role: str) -> PrivateKey:
    """Return the key of a role in the demonstration: anyone can derive it, so it proves nothing.

    >>> demonstration_key(1, "owner").public.id == demonstration_key(1, "owner").public.id
    True
    """
    said = f"cas-audit demonstration key, no secret: {seed} {role}"
    return PrivateKey(Ed25519PrivateKey.from_private_bytes(hashlib.sha256(said.encode()).digest()))


def read_private(path: Path) -> PrivateKey:
    """Read a private key.

    Raises:
        EvidenceError: others than its owner may read or write the file.
        InputError: it is absent, or holds no Ed25519 private key in PEM without passphrase.
    """
    pem = _read(path)
    mode = stat.S_IMODE(path.stat().st_mode)
    if mode & OF_OTHERS:
        message = f"{path} may be used by others (mode {mode:04o}); expected 0600."
        raise EvidenceError(message)
    try:
        key = serialization.load_pem_private_key(pem, password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        key = None
    if not isinstance(key, Ed25519PrivateKey):
        message = f"{path} holds no private key; expected Ed25519 in PEM without passphrase."
        raise InputError(message)
    return PrivateKey(key)


def read_public(path: Path) -> PublicKey:
    """Read a public key, from its own file or from that of the private key.

    Raises:
        EvidenceError: it is a private key that others may use.
        InputError: the file is absent or holds no Ed25519 key.
    """
    pem = _read(path)
    if b"PRIVATE KEY" in pem:
        return read_private(path).public
    lines = pem.decode("ascii", "replace").split("\n")
    try:
        return PublicKey("".join(line.strip() for line in lines if "-----" not in line))
    except ValueError as error:
        message = f"{path} {error}."
        raise InputError(message) from None


def _read(path: Path) -> bytes:
    if not path.exists():
        message = f"{path} does not exist; expected a key, as `cas-audit key new` makes it."
        raise InputError(message)
    if demand_plain(path) > MOST_BYTES:
        message = f"{path} holds more than {MOST_BYTES} bytes; expected a key."
        raise InputError(message)
    return path.read_bytes()


def _write_new(path: Path, content: bytes, mode: int) -> None:
    try:
        number = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    except FileExistsError:
        message = f"{path} exists already; a key is never overwritten."
        raise EvidenceError(message) from None
    with os.fdopen(number, "wb") as stream:
        os.fchmod(stream.fileno(), mode)  # whatever the umask says
        stream.write(content)
