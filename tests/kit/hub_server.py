"""A loopback server for the download tests: a small Hugging Face Hub, and plain files.

It speaks as much of the Hub's HTTP API as ``huggingface_hub`` and ``datasets`` use to load
public Parquet datasets: repository information, file trees, and files by commit with
entity tags and ranges. Faults can be planted in front of any answer.
"""

import hashlib
import json
import re
import time
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from types import TracebackType
from urllib.parse import parse_qs, unquote, urlsplit

SIZE_OF_SMALL_FILES = 1000  # larger ones are tagged with their SHA-256, as in Git LFS


@dataclass
class Fault:
    """What goes wrong with the requests whose ``METHOD path`` a pattern finds.

    Attributes:
        pattern: regular expression, searched in e.g. ``"GET /datasets/a/b/resolve/..."``.
        status: answer with this HTTP state and no body.
        cut: close the connection after so many bytes of the body.
        delay: wait so many seconds before answering.
        times: how often.
    """

    pattern: str
    status: int | None = None
    cut: int | None = None
    delay: float = 0.0
    times: int = 1


@dataclass
class HubServer:
    """Serves ``datasets`` (repository -> file name -> bytes) and ``files`` (path -> bytes).

    Use it as a context manager; all may be changed while it runs.

    Attributes:
        datasets: the repositories at their newest commit; older commits stay known.
        files: plain files, by path such as ``"/load.zip"``.
        tags: SHA-256 to announce for a repository's file instead of the right one.
        faults: what goes wrong, first match first.
        ranges: False to ignore the Range header.
        requests: log of ``"METHOD path range"``.
        url: base address, for ``HF_ENDPOINT``.
    """

    datasets: dict[str, dict[str, bytes]] = field(default_factory=dict)
    files: dict[str, bytes] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)
    ranges: bool = True
    requests: list[str] = field(default_factory=list)
    url: str = ""

    def __enter__(self) -> "HubServer":
        self._commits: dict[tuple[str, str], dict[str, bytes]] = {}
        handler = type("Handler", (_Handler,), {"hub": self})
        self._server = _Server(("127.0.0.1", 0), handler)
        Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}).start()
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._server.shutdown()
        self._server.server_close()

    def commit(self, repository: str) -> str:
        """Return the commit hash of the repository's present files."""
        content = self.datasets[repository]
        digest = hashlib.sha1(repository.encode())
        for name in sorted(content):
            digest.update(name.encode() + content[name])
        self._commits[repository, digest.hexdigest()] = dict(content)
        return digest.hexdigest()

    def at(self, repository: str, revision: str) -> dict[str, bytes] | None:
        """Return the files of a revision: ``main`` or a commit hash."""
        newest = self.commit(repository)
        return self._commits.get((repository, newest if revision == "main" else revision))

    def tag(self, name: str, content: bytes) -> str:
        """Return a file's entity tag: SHA-256 if it is large, else Git's blob hash."""
        if name in self.tags:
            return self.tags[name]
        if len(content) > SIZE_OF_SMALL_FILES:
            return hashlib.sha256(content).hexdigest()
        return hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_: object) -> None:
        """Say nothing: a client that hangs up, say after a delay, is part of the tests."""


class _Handler(BaseHTTPRequestHandler):
    hub: HubServer
    protocol_version = "HTTP/1.1"
    timeout = 30  # seconds; no thread outlives a test run

    def log_message(self, *_: object) -> None:
        pass

    def do_HEAD(self) -> None:
        self.answer()

    def do_GET(self) -> None:
        self.answer()

    def do_POST(self) -> None:
        self.answer()

    def answer(self) -> None:
        path = unquote(urlsplit(self.path).path)
        length = int(self.headers.get("Content-Length") or 0)
        self.form = parse_qs(self.rfile.read(length).decode())
        request = f"{self.command} {path}"
        self.hub.requests.append(f"{request} {self.headers.get('Range', '')}".rstrip())
        self.cut = None
        for fault in self.hub.faults:
            if fault.times > 0 and re.search(fault.pattern, request):
                fault.times -= 1
                self.cut = fault.cut
                time.sleep(fault.delay)
                if fault.status is not None:
                    return self.send(fault.status)
                break
        if path in self.hub.files:
            return self.send_file(self.hub.files[path], {})
        if found := re.fullmatch(r"/api/datasets/([^/]+/[^/]+)(?:/(\w[\w-]*)(?:/(.*))?)?", path):
            return self.answer_api(*found.groups())
        if found := re.fullmatch(r"/datasets/([^/]+/[^/]+)/resolve/([^/]+)/(.+)", path):
            return self.answer_file(*found.groups())
        return self.send(404)

    def answer_api(self, repository: str, what: str | None, rest: str | None) -> None:
        if repository not in self.hub.datasets:
            return self.send(401, {"X-Error-Code": "RepoNotFound"})
        revision, _, folder = (rest or "main").partition("/")
        content = self.hub.at(repository, revision)
        if content is None:
            return self.send(404, {"X-Error-Code": "RevisionNotFound"})
        if what in (None, "revision"):
            siblings = [{"rfilename": name} for name in content]
            sha = self.hub.commit(repository) if revision == "main" else revision
            return self.send_json({"id": repository, "sha": sha, "siblings": siblings})
        if what == "tree":
            below = f"{folder}/" if folder else ""
            return self.send_json(
                self.entries(content, below, "recursive=true" in self.path.lower())
            )
        if what == "paths-info":
            entries = self.entries(content, "", recursive=True)
            return self.send_json([e for e in entries if e["path"] in self.form["paths"]])
        return self.send(404)

    def entries(self, content: dict[str, bytes], below: str, recursive: bool) -> list[dict]:
        entries = {}
        for name, data in content.items():
            if not name.startswith(below):
                continue
            first, _, more = name[len(below) :].partition("/")
            if more:
                folder = below + first
                oid = hashlib.sha1(folder.encode()).hexdigest()
                entries[folder] = {"type": "directory", "path": folder, "oid": oid, "size": 0}
            if recursive or not more:
                tag = self.hub.tag(name, data)
                entries[name] = {"type": "file", "path": name, "oid": tag, "size": len(data)}
                if len(tag) == 64:
                    lfs = {"oid": tag, "size": len(data), "pointerSize": 130}
                    entries[name].update(lfs=lfs, oid=tag[:40])
        return list(entries.values())

    def answer_file(self, repository: str, revision: str, name: str) -> None:
        if repository not in self.hub.datasets:
            return self.send(401, {"X-Error-Code": "RepoNotFound"})
        content = self.hub.at(repository, revision)
        if content is None:
            return self.send(404, {"X-Error-Code": "RevisionNotFound"})
        sha = self.hub.commit(repository) if revision == "main" else revision
        if name not in content:
            return self.send(404, {"X-Error-Code": "EntryNotFound", "X-Repo-Commit": sha})
        tag = self.hub.tag(name, content[name])
        return self.send_file(content[name], {"X-Repo-Commit": sha, "ETag": f'"{tag}"'})

    def send_json(self, value: object) -> None:
        self.send(200, {"Content-Type": "application/json"}, json.dumps(value).encode())

    def send_file(self, content: bytes, headers: dict[str, str]) -> None:
        wanted = re.fullmatch(r"bytes=(\d+)-(\d*)", self.headers.get("Range", ""))
        if not wanted or not self.hub.ranges:
            return self.send(200, headers, content)
        first, size = int(wanted[1]), len(content)
        if first >= size:
            return self.send(416, {"Content-Range": f"bytes */{size}"})
        last = min(int(wanted[2] or size - 1), size - 1)
        span = {"Content-Range": f"bytes {first}-{last}/{size}"}
        return self.send(206, {**headers, **span}, content[first : last + 1])

    def send(self, status: int, headers: dict[str, str] | None = None, body: bytes = b"") -> None:
        self.send_response(status)
        for key, value in (headers or {}).items():
            self.send_header(key, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body[: self.cut])
        if self.cut is not None:
            self.close_connection = True
