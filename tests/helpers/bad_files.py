"""Damaged and wrong model files by the hundred, each with whether its header can show the fault.

    for bad in bad_files(good, folder): …

All are made from one whole tiny checkpoint, the same ones each time; one lies on the disk at a time.
"""

import json
import os
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

Entries = dict[str, Any]


@dataclass(frozen=True)
class BadFile:
    """One wrong file; `seen` is False where only the weights are wrong, which no header shows."""

    name: str
    path: Path
    seen: bool = True


def bad_files(good: Path, folder: Path) -> Iterator[BadFile]:
    """More than 300 files, from the whole checkpoint `good`, each in `folder` until the next is asked for."""
    data = good.read_bytes()
    for name, content, seen in _contents(data):
        path = folder / f"{name}.safetensors"
        path.write_bytes(content)
        yield BadFile(name, path, seen)
        path.unlink()
    directory = folder / "folder.safetensors"
    directory.mkdir()
    yield BadFile("folder", directory)
    directory.rmdir()
    link = folder / "broken link.safetensors"
    link.symlink_to(folder / "not there")
    yield BadFile("broken link", link)
    link.unlink()
    if hasattr(os, "geteuid") and os.geteuid() != 0:  # root may read everything
        closed = folder / "no permission.safetensors"
        closed.write_bytes(data)
        closed.chmod(0)
        yield BadFile("no permission", closed)
        closed.unlink()


def heavy_files(folder: Path) -> Iterator[BadFile]:
    """Files made to fill the memory or to take for ever, most with the longest header there can be."""
    longest = 100_000_000
    tensor = b'"x":{"dtype":"F16","shape":[0],"data_offsets":[0,0]}'
    begin, end = b'{"__metadata__":{"a":"', b'"},' + tensor + b"}"
    rest = longest - len(begin) - len(end)
    texts = {  # what one long text, or many, are made of
        "picture": b"Q",
        "backslashes": b"\\\\",
        "wide letters": "\U0001f600".encode(),
        "many wide texts": b'","' + "\U0001f600".encode() + b"a" * 900_000 + b'":"',
        "short texts": b'","a":"',
    }
    seen = ("many wide texts", "short texts")
    for name, text in texts.items():
        filler = (text * (rest // len(text))).ljust(rest, b"a")
        yield from _lying(folder, name, begin + filler + end, name in seen)
    wide = "\U0001f600".encode()
    headers = {
        "spaces": b"{" + tensor + b" " * longest,
        "marks": b'"' * longest,
        "open backslashes": b'{"' + b"\\" * longest,
        "digits": b"1" * longest,
        "wide names": b'{"' + wide + b'","'.join(b"a" * 99_000 for _n in range(140)) + b'"}',
        "just too many values": b"[" + b"[]," * 240_000 + b"[]]",
        "many keys": b"{" + b",".join(b'"%d":0' % n for n in range(490_000)) + b"}",
        "many tensors": b"{" + b",".join(tensor.replace(b"x", b"%d" % n) for n in range(80_000)) + b"}",
        "wide values": b"{" + b",".join(b'"%d":"%sa"' % (n, wide) for n in range(240_000)) + b"}",
    }
    for name, header in headers.items():
        yield from _lying(folder, name, header[:longest], True)


def _lying(folder: Path, name: str, header: bytes, seen: bool) -> Iterator[BadFile]:
    """A file with this header and no weights, until the next is asked for."""
    path = folder / f"{name}.safetensors"
    with path.open("wb") as file:
        file.write(len(header).to_bytes(8, "little"))
        file.write(header)
    yield BadFile(name, path, seen)
    path.unlink()


def _contents(data: bytes) -> Iterator[tuple[str, bytes, bool]]:
    draw = random.Random(5)
    length = int.from_bytes(data[:8], "little")
    body = data[8 + length :]
    entries: Entries = json.loads(data[8 : 8 + length])
    names = sorted(name for name in entries if name != "__metadata__")

    cuts = [0, 1, 4, 7, 8, 9, 8 + length // 2, 7 + length, 8 + length, 9 + length, len(data) - 1]
    cuts += [8 + length + entries[name]["data_offsets"][1] for name in draw.sample(names, 20)]
    cuts += [draw.randrange(len(data)) for _n in range(40)]
    for number, cut in enumerate(cut for cut in cuts if cut < len(data)):
        yield f"cut {number} at {cut}", data[:cut], True
    for bit in range(64):
        yield f"length bit {bit}", _flip(data, bit), True
    spots = [
        data.index(f'"{name}"'.encode()) + 1 + draw.randrange(len(name)) for name in draw.sample(names, 60)
    ]
    for spot in spots:  # low bits: what comes out is text still
        yield f"name byte {spot}", _flip(data, 8 * spot + draw.randrange(3)), True
    for spot in draw.sample(range(8 + length, len(data)), 20):
        yield f"weights byte {spot}", _flip(data, 8 * spot + draw.randrange(8)), False
    yield "NaN weights", data[: 8 + length] + b"\xff\x7e" * (len(body) // 2), False
    for number, name in enumerate(draw.sample(names, 40)):
        yield f"without {number}", _without(entries, name, body), True
    for number, name in enumerate(draw.sample(names, 10)):
        key = json.dumps(name).encode()
        again = b"{" + key + b":" + json.dumps(entries[name]).encode() + b"," + data[9 : 8 + length]
        yield f"twice {number}", _file(again, body), True

    two_sides = [name for name in names if len(set(entries[name]["shape"])) > 1]
    for number, name in enumerate(draw.sample(two_sides, 12)):
        changed = json.loads(json.dumps(entries))
        changed[name]["shape"].reverse()
        yield f"wrong shape {number} of {name}", _file(json.dumps(changed).encode(), body), True
    flat = json.loads(json.dumps(entries))
    for name in names:
        flat[name]["shape"] = [-(-entries[name]["data_offsets"][1] + entries[name]["data_offsets"][0]) // 2]
    yield "wrong shapes everywhere", _file(json.dumps(flat).encode(), body), True
    for width, dtype in ((1, "I8"), (2, "I16"), (8, "I64")):
        other = json.loads(json.dumps(entries))
        for name in names:
            if entries[name]["shape"] and entries[name]["shape"][-1] * 2 % width == 0:
                sides = entries[name]["shape"]
                other[name] |= {"dtype": dtype, "shape": [*sides[:-1], sides[-1] * 2 // width]}
        yield f"numbers of type {dtype}", _file(json.dumps(other).encode(), body), True

    changes: dict[str, Callable[[Entries], Any]] = {
        "overlapping": lambda entry: entry["data_offsets"].__setitem__(0, entry["data_offsets"][0] - 2),
        "beyond the end": lambda entry: entry["data_offsets"].__setitem__(1, 2**40),
        "backwards": lambda entry: entry["data_offsets"].reverse(),
        "negative": lambda entry: entry["data_offsets"].__setitem__(0, -1),
        "huge shape": lambda entry: entry.update(shape=[2**62, 2**62, 2**62]),
        "very long shape": lambda entry: entry.update(shape=[1] * 5000),
        "enormous number": lambda entry: entry.update(shape=[10**4000] * 40),
        "fraction": lambda entry: entry.update(shape=[1.5]),
        "NaN shape": lambda entry: entry.update(shape=[float("nan")]),
        "truth for a number": lambda entry: entry.update(shape=[True]),
        "shape of text": lambda entry: entry.update(shape="12"),
        "no shape": lambda entry: entry.pop("shape"),
        "no type": lambda entry: entry.pop("dtype"),
        "no place": lambda entry: entry.pop("data_offsets"),
        "unknown type": lambda entry: entry.update(dtype="F17"),
        "type of a list": lambda entry: entry.update(dtype=["F16"]),
        "one place": lambda entry: entry.update(data_offsets=[0]),
    }
    for what, change in changes.items():
        for number, name in enumerate(draw.sample(names[1:], 3)):
            changed = json.loads(json.dumps(entries))
            change(changed[name])
            yield f"{what} {number}", _file(json.dumps(changed).encode(), body), True

    headers = {
        "deep lists": b"[" * 100_000,
        "deep objects": b'{"a":' * 100_000,
        "many objects": b"[" + b"{}," * 5_000_000 + b"{}]",
        "list": b"[]",
        "null": b"null",
        "number": b"1" * 10_000,
        "not UTF-8": b"\xff\xfe" * 20,
        "half a character": b'{"\xc3": 1}',
        "metadata of numbers": b'{"__metadata__": {"a": 1}}',
        "metadata of a list": b'{"__metadata__": [1]}',
        "nothing": b"",
        "no tensors": b"{}",
    }
    for what, header in headers.items():
        yield what, _file(header, b""), True
    foreign = {
        "web page": b"<!DOCTYPE html><html></html>",
        "pointer": b"version https://git-lfs.github.com/spec/v1\noid sha256:1\nsize 4\n",
        "pickle": b"\x80\x02}q\x00.",
        "zip": b"PK\x03\x04" + bytes(99),
        "gguf": b"GGUF\x03\0\0\0" + b"\xff" * 99,
        "gguf of lists": b"GGUF\x03" + bytes(11) + b"\1" + bytes(15) + b"\x09\0\0\0\x09\0\0\0" + b"\xff" * 8,
        "cut gguf": b"GGUF\x03",
        "png": b"\x89PNG\r\n\x1a\n" + bytes(99),
        "jpeg": b"\xff\xd8\xff\xe0" + bytes(99),
        "hdf5": b"\x89HDF\r\n\x1a\n" + bytes(99),
        "gzip": b"\x1f\x8b\x08" + bytes(99),
        "7z": b"7z\xbc\xaf\x27\x1c" + bytes(99),
        "json": b'{"error": "Access denied"}',
        "text": b"Moved Permanently",
        "zeros": bytes(100_000),
    }
    for what, content in foreign.items():
        yield what, content, True
    for count in (1, 7, 4096):
        yield f"{count} bytes more", data + bytes(count), True


def _flip(data: bytes, bit: int) -> bytes:
    changed = bytearray(data)
    changed[bit // 8] ^= 1 << bit % 8
    return bytes(changed)


def _file(header: bytes, body: bytes) -> bytes:
    return len(header).to_bytes(8, "little") + header + body


def _without(entries: Entries, name: str, body: bytes) -> bytes:
    """The file without one tensor, its bytes closed up: nothing but the name tells."""
    begin, end = entries[name]["data_offsets"]
    rest = {}
    for other, entry in entries.items():
        if other == "__metadata__":
            rest[other] = entry
        elif other != name:
            moved = [place - (end - begin if place >= end else 0) for place in entry["data_offsets"]]
            rest[other] = entry | {"data_offsets": moved}
    return _file(json.dumps(rest).encode(), body[:begin] + body[end:])
