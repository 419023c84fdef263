"""The only door to the network: opened when the person asks for a download, shut by the offline lock.

Speaks HTTPS; plain HTTP only with this computer itself, for a server of one's own. A token goes to the hub
alone: not to the servers that the hub sends us on to, not into a message, not into the log.
"""

import json
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from avila import __version__
from avila.errors import AvilaError
from avila.i18n import _

if TYPE_CHECKING:
    import ssl

    import httpx2

HUB = "https://huggingface.co"
LARGEST_JSON = 32_000_000  # bytes; the listing of a repository with thousands of files has a few million
LONGEST_WAIT = 30.0  # seconds without a byte
MOST_REDIRECTS = 5
_LOOPBACK = ("localhost", "127.0.0.1", "::1")
_REDIRECTS = (301, 302, 303, 307, 308)


@dataclass(frozen=True, slots=True)
class Network:
    """What the person allows. As it is made, nothing."""

    offline: bool = True
    token: str = field(default="", repr=False)  # of the hub, for private and gated models
    hub: str = HUB


class Interrupted(AvilaError):  # noqa: N818 - as Cancelled: the download may go on
    """The connection ended before the whole was here; asking again may go on from there."""


class RangeRefused(AvilaError):  # noqa: N818
    """The server does not give the rest of the file; asking for the whole may do."""


class TermsFirst(AvilaError):  # noqa: N818 - as a question: do you agree?
    """The makers give it only to people who have agreed to their terms and say who they are, by a token."""


@dataclass(frozen=True, slots=True)
class Answer:
    """A server's answer to one request, whose bytes are still to be read."""

    partial: bool  # these are the bytes that were asked for, not the file from its start
    start: int  # the first byte's place in the file
    total: int  # bytes of the whole file; 0: the server does not say
    validator: str  # for If-Range: the strong ETag, or else the time of the last change; "" for neither
    sha256: str  # of the whole file, as the hub knows it; "" elsewhere
    name: str  # the file name that the server or else the address gives; "" when neither does
    chunks: Iterator[bytes]  # raises Interrupted


@contextmanager
def opened(network: Network, url: str, start: int = 0, validator: str = "") -> Iterator[Answer]:
    """Ask for `url`, from byte `start` on if its content is still the one of `validator`.

    Follows redirects to HTTPS. Raises AvilaError under the offline lock, for an address that is not HTTPS,
    for a server that cannot be reached, refuses or answers with a web page; RangeRefused when `start` is not
    in the file.
    """
    if network.offline:
        raise AvilaError(
            _("The offline lock is on"),
            _("Avila asks nothing of the network unless you allow it, so nothing was downloaded."),
            _("Open the lock at the top of the window, or add --online to the command to allow it once."),
        )
    import httpx2  # not with the program's start, which needs no network

    address, linked = _address(url), ""
    headers = {"User-Agent": f"Avila/{__version__}", "Accept-Encoding": "identity"}
    if start:
        headers["Range"] = f"bytes={start}-"
        if validator:
            headers["If-Range"] = validator
    with _client(address) as client:
        for _number in range(MOST_REDIRECTS + 1):
            request = client.build_request("GET", address, headers=headers | _token(network, address))
            try:
                response = client.send(request, stream=True)
            except httpx2.HTTPError as error:
                raise _unreachable(address, error) from error
            try:
                linked = linked or response.headers.get("X-Linked-Etag", "").strip('"')
                if response.status_code in _REDIRECTS:
                    address = _next(address, response.headers.get("Location", ""))
                    continue
                if response.status_code not in (200, 206):
                    raise _refusal(response, address, network)
                yield _answer(response, address, linked)
                return
            finally:
                response.close()
    raise AvilaError(
        _("The download leads in circles"),
        _("{host} sends on from address to address without end.").format(host=address.host),
        _("Try the address in a browser, or choose another source."),
    )


def read_json(network: Network, url: str) -> Any:
    """What the hub's API says at `url`. Raises AvilaError, as `opened` and when it is no JSON."""
    with opened(network, url) as answer:
        text = bytearray()
        for chunk in answer.chunks:
            text += chunk
            if len(text) > LARGEST_JSON:
                break
    try:
        if len(text) > LARGEST_JSON:
            raise ValueError(f"more than {LARGEST_JSON} bytes")
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise unexpected(str(error)) from error


def unexpected(details: str) -> AvilaError:
    """The hub's API said something that it never says."""
    return AvilaError(
        _("The hub answered in an unexpected way"),
        _("Its answer about this model could not be understood."),
        _("Try again later, or paste the address of the file itself."),
        details,
    )


def _client(address: "httpx2.URL") -> "httpx2.Client":
    """A client; the system's proxy stands between us and the world, not between us and ourselves."""
    import httpx2

    try:
        trusted = _certificates()
        return httpx2.Client(verify=trusted, timeout=LONGEST_WAIT, trust_env=address.host not in _LOOPBACK)
    except (ImportError, ValueError, OSError) as error:  # a SOCKS proxy, a malformed one, no certificates
        raise AvilaError(
            _("The connection cannot be set up"),
            _("The system's settings for proxies or certificates cannot be used."),
            _("Check the variables HTTPS_PROXY, ALL_PROXY and SSL_CERT_FILE."),
            f"{type(error).__name__}: {error}",
        ) from error


@cache
def _certificates() -> "ssl.SSLContext":
    """Whom the system trusts; read once, since it takes longer than a small file."""
    import httpx2

    return httpx2.create_ssl_context()


def _address(url: str) -> "httpx2.URL":
    """The address, if it may be asked: HTTPS, or this computer."""
    import httpx2

    try:
        address = httpx2.URL(url)
        usable = bool(address.host) and (address.port or 1) < 65536
    except (httpx2.InvalidURL, ValueError, TypeError):
        usable = False
    if not usable:
        raise AvilaError(
            _("This is not an address to download from"),
            _("“{text}” has a form that no server has.").format(text=url.partition("?")[0][:200]),
            _("Copy the address of the file itself; it begins with https://."),
        )
    if address.scheme != "https" and not (address.scheme == "http" and address.host in _LOOPBACK):
        raise AvilaError(
            _("Avila downloads over https only"),
            _("{host} would send the file unprotected, and anybody on the way could exchange it.").format(
                host=address.host
            ),
            _("Try the same address with https://."),
        )
    return address


def _next(address: "httpx2.URL", location: str) -> "httpx2.URL":
    """Where a redirect leads; a server elsewhere must not send us to this computer."""
    following = _address(str(address.join(location)))
    if following.host in _LOOPBACK and address.host not in _LOOPBACK:
        raise AvilaError(
            _("This download leads to your own computer"),
            _("{host} sends on to an address here, which no honest server does.").format(host=address.host),
            _("Choose another source."),
        )
    return following


def _is_hub(network: Network, address: "httpx2.URL") -> bool:
    """Whether `address` is the hub's own, and not of one that it sends on to."""
    import httpx2

    hub = httpx2.URL(network.hub)
    return (address.scheme, address.host, address.port) == (hub.scheme, hub.host, hub.port)


def _token(network: Network, address: "httpx2.URL") -> dict[str, str]:
    """The header with the token if there is one and `address` is the hub's own, else none."""
    usable = network.token.isascii() and network.token.isprintable()
    if not network.token or not usable or not _is_hub(network, address):
        return {}
    return {"Authorization": f"Bearer {network.token}"}


def _answer(response: "httpx2.Response", address: "httpx2.URL", linked: str) -> Answer:
    headers = response.headers
    kind = headers.get("Content-Type", "").partition(";")[0].strip().lower()
    if kind in ("text/html", "application/xhtml+xml"):
        raise AvilaError(
            _("There is a web page, not a model file"),
            _("{host} answered with a page to look at, often one to sign in or to agree to terms.").format(
                host=address.host
            ),
            _("Open the address in a browser, and paste the address of the file's download button."),
        )
    if headers.get("Content-Encoding", "identity").lower() != "identity":
        raise AvilaError(
            _("The server packs the file"),
            _("{host} sends it compressed although it was asked not to.").format(host=address.host),
            _("Choose another source."),
        )
    start, total = 0, _whole(headers.get("Content-Length", ""))
    if response.status_code == 206:
        match = re.fullmatch(r"bytes (\d{1,18})-\d{1,18}/(\d{1,18}|\*)", headers.get("Content-Range", ""))
        if not match:
            raise RangeRefused(
                _("The server answered in an unexpected way"),
                _("{host} sends a part of the file without saying which.").format(host=address.host),
                _("Try again later, or choose another source."),
            )
        start, total = int(match[1]), _whole(match[2])
    etag = headers.get("ETag", "")
    return Answer(
        partial=response.status_code == 206,
        start=start,
        total=total,
        validator=etag if etag.startswith('"') else headers.get("Last-Modified", ""),
        sha256=linked.lower() if re.fullmatch(r"[0-9a-fA-F]{64}", linked) else "",
        name=_name(headers, address),
        chunks=_chunks(response, address),
    )


def _chunks(response: "httpx2.Response", address: "httpx2.URL") -> Iterator[bytes]:
    import httpx2

    try:
        yield from response.iter_raw()
    except httpx2.HTTPError as error:
        raise Interrupted(
            _("The connection broke off"),
            _("{host} stopped before the whole file was here. What came is kept.").format(host=address.host),
            _("Start the same download again: it goes on from there."),
            f"{type(error).__name__}: {error}",
        ) from error


def _name(headers: Mapping[str, str], address: "httpx2.URL") -> str:
    """The name in Content-Disposition (RFC 6266), or the last part of the address."""
    from email.message import Message  # not with the program's start

    message = Message()
    message["Content-Disposition"] = headers.get("Content-Disposition", "")
    return message.get_filename() or name_in(str(address))


def name_in(url: str) -> str:
    """The last part of an address, as a person reads it; "" when it ends in a slash."""
    path = re.sub(r"^[a-z]+://[^/?#]*|[?#].*$", "", url, flags=re.DOTALL)
    return unquote(path.rpartition("/")[2])


def _whole(digits: str) -> int:
    return int(digits) if re.fullmatch(r"\d{1,18}", digits, re.ASCII) else 0


def _unreachable(address: "httpx2.URL", error: Exception) -> AvilaError:
    secure = "certificate" in str(error).lower() or "ssl" in str(error).lower()
    if secure:
        explanation = _("{host} could not prove that it is what it says, so nothing was asked of it.")
    else:
        explanation = _("{host} does not answer.")
    return AvilaError(
        _("The server cannot be reached"),
        explanation.format(host=address.host),
        _("Check this computer's clock and its connection, then try again.")
        if secure
        else _("Check the connection and the address, then try again."),
        f"{type(error).__name__}: {error}",
    )


def _refusal(response: "httpx2.Response", address: "httpx2.URL", network: Network) -> AvilaError:
    """What a status means for the person; the hub tells more in X-Error-Code."""
    host, status = address.host, response.status_code
    code = response.headers.get("X-Error-Code", "")
    at_hub = _is_hub(network, address)
    details = f"HTTP {status} {code}".strip()
    if code == "GatedRepo" or (status == 403 and at_hub):
        return TermsFirst(
            _("This model asks you to agree to its terms first"),
            _("Its makers give it to people who have agreed on its page and say who they are."),
            _(
                "Agree on the model's page at {hub}, then give Avila a token of your account: on the page"
                " Models of the window, or in HF_TOKEN."
            ).format(hub=network.hub),
            details,
        )
    if status == 401 and at_hub:
        return AvilaError(
            _("The hub knows no such model, or it is private"),
            _("It gave no model to somebody whom it does not know.")
            if not network.token
            else _("It gave no model to the account whose token Avila has."),
            _(
                "Check the name; for a private model, give Avila a token of your account: on the page Models"
                " of the window, or in HF_TOKEN."
            ),
            details,
        )
    if status in (401, 403):
        return AvilaError(
            _("The server refuses the file"),
            _("{host} gives it only to people who have signed in or may have it.").format(host=host),
            _("Download it in a browser where you are signed in, and move it into the models folder."),
            details,
        )
    if status in (404, 410):
        return AvilaError(
            _("There is no such file"),
            _("{host} has nothing at this address.").format(host=host),
            _("Check the name; models are moved and renamed now and then."),
            details,
        )
    if status == 416:
        return RangeRefused(
            _("The file has become shorter"),
            _("{host} no longer has the bytes that are missing here.").format(host=host),
            _("Start the download again."),
            details,
        )
    if status == 429:
        wait = _whole(response.headers.get("Retry-After", ""))
        return AvilaError(
            _("Too many downloads at once"),
            _("{host} asks to wait before the next.").format(host=host),
            _("Try again in {seconds} seconds; what came is kept.").format(seconds=wait)
            if wait
            else _("Try again in some minutes; what came is kept."),
            details,
        )
    if status >= 500:
        return AvilaError(
            _("The server has trouble"),
            _("{host} cannot answer properly at the moment.").format(host=host),
            _("Try again later; what came is kept."),
            details,
        )
    return AvilaError(
        _("The server refuses the file"),
        _("{host} answered with status {status}.").format(host=host, status=status),
        _("Check the address, or choose another source."),
        details,
    )
