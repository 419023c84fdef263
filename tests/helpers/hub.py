"""A hub on loopback, with a second server behind it for the bytes, that can misbehave as real ones do."""

import hashlib
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import unquote, urlsplit

COMMIT = "c0ffee" * 6 + "cafe"


def weights(size: int, fill: bytes = b"avila") -> bytes:
    """A .safetensors file with one tensor of `size` bytes."""
    header = json.dumps({"w": {"dtype": "U8", "shape": [size], "data_offsets": [0, size]}}).encode()
    return len(header).to_bytes(8, "little") + header + (fill * (size // len(fill) + 1))[:size]


def blob_id(content: bytes) -> str:
    """What git calls this content."""
    return hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()  # noqa: S324 - git's choice


@dataclass(slots=True)
class Hosted:
    """One file, and the manners of the server that has it."""

    content: bytes
    status: int = 0  # answer this instead
    headers: dict[str, str] = field(default_factory=dict)  # more of them, or others; "" takes one away
    ranges: bool = True  # honours Range
    conditions: bool = True  # honours If-Range
    length: bool = True  # says how long it is
    etag: str | None = None  # None: made of the content
    said: int | None = None  # bytes it says there are
    cuts: list[int] = field(default_factory=list)  # bytes after which each of the next answers breaks off
    pause: threading.Event | None = None  # after half of the bytes, wait for this
    redirect: str = ""
    half: threading.Event = field(default_factory=threading.Event)  # half of the bytes are sent

    @property
    def tag(self) -> str:
        return f'"{hashlib.sha256(self.content).hexdigest()[:16]}"' if self.etag is None else self.etag


@dataclass(frozen=True, slots=True)
class Asked:
    """One request that came."""

    server: str  # "hub" or "bytes"
    path: str
    headers: dict[str, str]  # names in small letters

    @property
    def start(self) -> int:
        """The first byte asked for."""
        return int(self.headers.get("range", "bytes=0-").removeprefix("bytes=").removesuffix("-"))


class Hub:
    """Repositories at `url` as on the real hub, and single files at `address(path)`."""

    def __init__(self) -> None:
        self.asked: list[Asked] = []
        self.files: dict[str, Hosted] = {}  # by path
        self.commit = COMMIT
        self._repositories: dict[str, dict[str, bytes]] = {}
        self._said: dict[str, dict[str, Any]] = {}
        self._servers = {name: _Server(self, name) for name in ("hub", "bytes")}

    @property
    def url(self) -> str:
        return self._servers["hub"].url

    def address(self, path: str) -> str:
        """The full address of a path on the second server."""
        return self._servers["bytes"].url + path

    def host(self, path: str, content: bytes, **manners: Any) -> Hosted:
        """Serve one file on the second server."""
        self.files[path] = Hosted(content, **manners)
        return self.files[path]

    def publish(self, repository: str, files: dict[str, bytes], **said: Any) -> None:
        """Put a repository on the hub: its .safetensors as large files, elsewhere, the others on the hub.

        `said` is what else the API says of it (`gated`, `cardData`).
        """
        self._repositories[repository] = files
        self._said[repository] = said
        for name, content in files.items():
            self.files[f"/{repository}/resolve/{self.commit}/{name}"] = self._large(content, name)

    def bytes_of(self, content: bytes) -> Hosted:
        """The large file with this content, as the second server has it."""
        return self.files[f"/large/{hashlib.sha256(content).hexdigest()}"]

    def fetched(self, server: str = "bytes") -> list[str]:
        """The paths that were asked for, in order."""
        return [asked.path for asked in self.asked if asked.server == server]

    def close(self) -> None:
        for hosted in self.files.values():
            if hosted.pause:
                hosted.pause.set()
        for server in self._servers.values():
            server.stop()

    def listing(self, repository: str) -> bytes | None:
        """What the API says of a repository; None when there is none."""
        files = self._repositories.get(repository)
        if files is None:
            return None
        siblings = []
        for name, content in files.items():
            sibling: dict[str, Any] = {
                "rfilename": name, "size": len(content), "blobId": blob_id(content)
            }  # fmt: skip
            if name.endswith((".safetensors", ".bin", ".ckpt")):
                digest = hashlib.sha256(content).hexdigest()
                sibling["lfs"] = {"size": len(content), "sha256": digest, "pointerSize": 134}
            siblings.append(sibling)
        said = {"id": repository, "sha": self.commit, "siblings": siblings} | self._said[repository]
        return json.dumps(said).encode()

    def _large(self, content: bytes, name: str) -> Hosted:
        if not name.endswith((".safetensors", ".bin", ".ckpt")):
            return Hosted(content, etag=f'"{blob_id(content)}"')
        digest = hashlib.sha256(content).hexdigest()
        self.host(f"/large/{digest}", content)
        headers = {"X-Linked-Etag": f'"{digest}"', "X-Linked-Size": str(len(content))}
        return Hosted(b"", redirect=self.address(f"/large/{digest}?signature=secret"), headers=headers)


@contextmanager
def hub() -> Iterator[Hub]:
    """A hub that is gone at the end."""
    made = Hub()
    try:
        yield made
    finally:
        made.close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, hub: Hub, name: str) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.hub, self.name = hub, name
        self.url = f"http://127.0.0.1:{self.server_port}"
        self._thread = threading.Thread(target=self.serve_forever, args=(0.01,), daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self.shutdown()
        self._thread.join()
        self.server_close()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that has gone is no error here."""


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    protocol_version = "HTTP/1.1"

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base's own name
        pass

    def do_GET(self) -> None:
        hub, path = self.server.hub, unquote(urlsplit(self.path).path)
        headers = {name.lower(): value for name, value in self.headers.items()}
        hub.asked.append(Asked(self.server.name, path, headers))
        self.close_connection = True
        if self.server.name == "hub" and path.startswith("/api/models/"):
            repository = "/".join(path.split("/")[3:5])
            listing = hub.listing(repository)
            hosted = hub.files.get(path) or (
                Hosted(listing, headers={"Content-Type": "application/json"})
                if listing is not None
                else Hosted(b"", status=401, headers={"X-Error-Code": "RepoNotFound"})
            )
        else:
            hosted = hub.files.get(path, Hosted(b"", status=404))
        self._answer(hosted)

    def _answer(self, hosted: Hosted) -> None:
        if hosted.status or hosted.redirect:
            self._head(hosted, hosted.status or 302, {"Content-Length": "0", "Location": hosted.redirect})
            return
        content, status, headers = hosted.content, 200, {"ETag": hosted.tag}
        wanted = self.headers.get("Range")
        same = not hosted.conditions or self.headers.get("If-Range", hosted.tag) == hosted.tag
        if wanted and hosted.ranges and same:
            start = int(wanted.removeprefix("bytes=").removesuffix("-"))
            if start >= len(content):
                self._head(hosted, 416, {"Content-Length": "0", "Content-Range": f"bytes */{len(content)}"})
                return
            headers["Content-Range"] = f"bytes {start}-{len(content) - 1}/{len(content)}"
            content, status = content[start:], 206
        if hosted.length:
            headers["Content-Length"] = str(hosted.said if hosted.said is not None else len(content))
        self._head(hosted, status, headers)
        cut = hosted.cuts.pop(0) if hosted.cuts else len(content)
        half = min(cut, len(content) // 2) if hosted.pause else cut
        self.wfile.write(content[:half])
        self.wfile.flush()
        hosted.half.set()
        if hosted.pause:
            hosted.pause.wait(60)
            self.wfile.write(content[half:cut])

    def _head(self, hosted: Hosted, status: int, headers: dict[str, str]) -> None:
        self.send_response(status)
        kinds = {"Content-Type": "application/octet-stream"}
        for name, value in (kinds | headers | hosted.headers).items():
            if value:
                self.send_header(name, value)
        self.send_header("Connection", "close")
        self.end_headers()
