"""Only zips that are made while they are sent: memory holds one piece of one file, however large the whole."""

from collections.abc import Iterable, Iterator
from datetime import UTC
from zipfile import ZIP_DEFLATED, ZIP_STORED, ZipFile, ZipInfo

from core import clock

# A name in the zip, and its bytes in pieces, which are asked for when it is this file's turn.
File = tuple[str, Iterable[bytes]]
READABLE = 0o644 << 16


class _Outgoing:
    """What the zip has written and nobody has sent yet. It cannot be sought in, as a connection cannot."""

    def __init__(self) -> None:
        self._pieces: list[bytes] = []

    def write(self, data: bytes) -> int:
        self._pieces.append(bytes(data))
        return len(data)

    def flush(self) -> None:
        """Nothing is held back."""

    def taken(self) -> bytes:
        """All of it, to be sent now."""
        piece = b"".join(self._pieces)
        self._pieces.clear()
        return piece


def zip_stream(files: Iterable[File]) -> Iterator[bytes]:
    """The bytes of a zip with these files, in their order, piece by piece."""
    moment = clock.now().astimezone(UTC).timetuple()[:6]
    out = _Outgoing()
    with ZipFile(out, "w", ZIP_DEFLATED) as archive:  # type: ignore[call-overload]  # the stubs do not know that it need not seek
        for name, pieces in files:
            info = ZipInfo(name, moment)
            # A PDF is compressed already: doing it again takes most of the time and saves a tenth.
            info.compress_type = ZIP_STORED if name.endswith(".pdf") else ZIP_DEFLATED
            info.external_attr = READABLE
            with archive.open(info, "w") as entry:
                for piece in pieces:
                    entry.write(piece)
                    yield out.taken()
            yield out.taken()
    yield out.taken()
