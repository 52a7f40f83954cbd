"""Archives and folders that were made to do harm, or that careless programs make."""

from __future__ import annotations

import io
import os
import stat
import struct
import warnings
import zipfile
import zlib
from functools import lru_cache
from pathlib import Path
from typing import Callable, Dict, List, NamedTuple, Optional, Sequence, Tuple, Union

from tests.running import disc_files

OUTSIDE = "/etc/triage-evil"


def images() -> List[bytes]:
    """Two slices."""
    return [file for file in disc_files() if len(file) > 100_000][:2]


# archives


def packed(*names: Union[str, zipfile.ZipInfo], others: Dict[str, bytes] = {}) -> bytes:  # noqa: B006
    """The two slices under these names, and other members."""
    content = io.BytesIO()
    with warnings.catch_warnings(), zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        warnings.simplefilter("ignore")  # names that come twice
        for name, image in zip(names, images()):
            archive.writestr(name, image)
        for name, other in others.items():
            archive.writestr(name, other)
    return content.getvalue()


@lru_cache(maxsize=None)
def crowd() -> bytes:
    return packed(others={str(number): b"" for number in range(100_000)})


def with_link() -> bytes:
    content = io.BytesIO(packed("1", "2"))
    with zipfile.ZipFile(content, "a") as archive:
        link = zipfile.ZipInfo("link")
        link.create_system, link.external_attr = 3, (stat.S_IFLNK | 0o777) << 16
        archive.writestr(link, "/etc/passwd")
    return content.getvalue()


def renamed(data: bytes, old: bytes, new: bytes) -> bytes:
    """Archive whose names are bytes that no program of ours would write."""
    assert len(old) == len(new) and data.count(old) == 2
    return data.replace(old, new)


def encrypted() -> bytes:
    data = bytearray(packed("1", "2"))
    for signature, flags in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        data[data.index(signature) + flags] |= 1
    return bytes(data)


def wrong_crc() -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_STORED) as archive:
        archive.writestr("1", images()[0])
    data = bytearray(content.getvalue())
    data[len(data) // 2] ^= 0xFF
    return bytes(data)


class Entry(NamedTuple):
    """A member of an archive made by hand (APPNOTE.TXT 4.3), and what the directory claims of it."""

    name: bytes
    content: bytes
    claimed_size: int
    at: int


def by_hand(entries: Sequence[Entry], local: Sequence[Entry]) -> bytes:
    """Members of raw deflate, and a directory in zip64 that may lie about them."""
    body, directory = b"", b""
    offsets = []
    for entry in local:
        offsets.append(len(body))
        data = _deflated(entry.content)
        sizes = (zlib.crc32(entry.content), len(data), len(entry.content), len(entry.name), 0)
        body += struct.pack("<4s5H3I2H", b"PK\x03\x04", 45, 0, 8, 0, 33, *sizes) + entry.name + data
    for entry in entries:
        data = _deflated(entry.content)
        extra = struct.pack("<2HQ", 1, 8, entry.claimed_size)
        directory += struct.pack(
            "<4s6H3I5H2I", b"PK\x01\x02", 45, 45, 0, 8, 0, 33, zlib.crc32(entry.content), len(data), 0xFFFFFFFF,
            len(entry.name), len(extra), 0, 0, 0, 0, offsets[entry.at],
        ) + entry.name + extra  # fmt: skip
    end = struct.pack("<4s4H2IH", b"PK\x05\x06", 0, 0, len(entries), len(entries), len(directory), len(body), 0)
    return body + directory + end


def _deflated(content: bytes) -> bytes:
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    return packer.compress(content) + packer.flush()


def claiming(size: int) -> bytes:
    entry = Entry(b"1", images()[0], size, 0)
    return by_hand([entry], [entry])


def overlapping() -> bytes:
    """A hundred members, one content."""
    one = Entry(b"0", os.urandom(1000) + bytes(100_000), 101_000, 0)
    return by_hand([one._replace(name=str(number).encode()) for number in range(100)], [one])


# folders


Fill = Callable[[Path], None]


def named(*names: bytes) -> Fill:
    """The two slices under these names."""

    def fill(folder: Path) -> None:
        for name, image in zip(names, images()):
            path = os.path.join(os.fsencode(folder), name)
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with open(path, "wb") as file:
                file.write(image)

    return fill


def links(folder: Path) -> None:
    named(b"1", b"2")(folder)
    (folder / "file").symlink_to("/etc/passwd")
    (folder / "folder").symlink_to("/etc")
    (folder / "round").symlink_to(folder)
    (folder / "image").symlink_to(folder / "1")


def devices(folder: Path) -> None:
    named(b"1", b"2")(folder)
    os.mkfifo(folder / "pipe")
    for name, kind in (("zero", stat.S_IFCHR), ("disk", stat.S_IFBLK)):
        try:
            os.mknod(folder / name, kind | 0o666, os.makedev(1, 5))
        except PermissionError:
            pass  # only root may: the pipe is there in any case


def deep(folder: Path) -> None:
    named(b"1", b"2")(folder)
    os.makedirs(folder / "/".join("d" * 200))


def empty_dicomdir(folder: Path) -> None:
    named(b"1", b"2")(folder)
    (folder / "DICOMDIR").write_bytes(b"")


def false_dicomdir(folder: Path) -> None:
    """It begins as one and ends at once."""
    named(b"1", b"2")(folder)
    (folder / "DICOMDIR").write_bytes(bytes(128) + b"DICM" + os.urandom(300))


class Row(NamedTuple):
    """A kind of harm: an archive or a folder, and what becomes of it, slices read or code of the refusal."""

    kind: str
    archive: Optional[Callable[[], bytes]]
    folder: Optional[Fill]
    expected: Union[int, str]


UTF8 = "\u3042.dcm".encode()
SJIS = "山田.dcm".encode("shift_jis")
TABLE: Tuple[Row, ...] = (
    Row("names that lead upwards", lambda: packed("../../../1", "x/../../2"), None, 2),
    Row("absolute names", lambda: packed(OUTSIDE, "//server/share/2"), None, 2),
    Row("drive letters", lambda: packed("C:\\Windows\\1", "D:2"), named(b"C:\\Windows\\1", b"D:2"), 2),
    Row("links", with_link, links, 2),
    Row("devices and pipes", None, devices, 2),
    Row("a bomb", lambda: packed(others={"0": bytes(50_000_000)}), None, "bad_archive"),
    Row("archives in an archive", lambda: packed(others={"a.zip": packed("1", "2")}), None, "no_dicom"),
    Row("100,000 empty files", crowd, None, "bad_archive"),
    Row("Shift-JIS names", lambda: renamed(packed("ABCDEFGH", "2"), b"ABCDEFGH", SJIS), named(SJIS, b"2"), 2),
    Row(
        "bytes that are no text",
        lambda: renamed(packed("ABCDE", "2"), b"ABCDE", b"\xff\xfe\x80\xe3\x82"),
        named(b"\xff\xfe\x80\xe3\x82", b"\xc0\xaf"),
        2,
    ),  # fmt: skip
    Row("false UTF-8", lambda: renamed(packed("\u3042.dcm", "2"), UTF8, b"\xff\xfe\xfd.dcm"), None, "bad_archive"),
    Row("very long names", lambda: packed("x" * 60_000, "y/" * 30_000 + "2"), named(b"x" * 255, b"y" * 255), 2),
    Row(
        "newlines and control characters",
        lambda: packed("a\nb\r\x1b[31m", "\x07\t2"),
        named(b"a\nb\r\x1b[31m", b"\x07\t2"),
        2,
    ),  # fmt: skip
    Row("duplicate names", lambda: packed("1", "1"), None, 2),
    Row("names that differ in case", lambda: packed("IM", "im"), named(b"IM", b"im"), 2),
    Row("a password", encrypted, None, "bad_archive"),
    Row("a truncated archive", lambda: packed("1", "2")[:-3000], None, "bad_archive"),
    Row("a wrong checksum", wrong_crc, None, "bad_archive"),
    Row("a size that is too large", lambda: claiming(1 << 50), None, "bad_archive"),
    Row("a size that is too small", lambda: claiming(1000), None, "bad_archive"),
    Row("overlapping members", overlapping, None, "bad_archive"),
    Row("deep folders in an archive", lambda: packed("d/" * 2000 + "1", "2"), None, 2),
    Row("deep folders", None, deep, "unreadable_path"),
    Row("names of devices", lambda: packed("CON", "AUX.dcm"), named(b"NUL", b"COM1.dcm"), 2),
    Row("an empty archive", lambda: packed(), None, "no_dicom"),
    Row("an empty DICOMDIR", lambda: packed("1", "2", others={"DICOMDIR": b""}), empty_dicomdir, 2),
    Row("a broken DICOMDIR", None, false_dicomdir, 2),
)
