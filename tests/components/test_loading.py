"""Components from files, zip files, addresses, texts (M-01 to M-05), and the store (M-17)."""

import contextlib
import functools
import hashlib
import io
import threading
import zipfile
from collections.abc import Iterator
from http.client import HTTPMessage
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar
from urllib.request import Request

import pytest
import requests.auth

from kfp_airflow import components
from kfp_airflow.components import fetching, loading
from kfp_airflow.components.store import ComponentStore
from kfp_airflow.diagnostics import PipelineError

TEXT = "name: Hello\nimplementation: {container: {image: busybox, command: [echo, hello]}}\n"
DIGEST = hashlib.sha256(TEXT.encode()).hexdigest()


class Handler(SimpleHTTPRequestHandler):
    """Serves a folder, and notes the headers that it gets."""

    authorizations: ClassVar[list[str | None]] = []

    def do_GET(self) -> None:
        self.authorizations.append(self.headers.get("Authorization"))
        super().do_GET()

    def log_message(self, *args: Any) -> None:
        """Say nothing."""


@pytest.fixture
def server(tmp_path: Path) -> Iterator[str]:
    Handler.authorizations.clear()
    running = ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Handler, directory=str(tmp_path)))
    thread = threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield f"http://127.0.0.1:{running.server_port}/"
    running.shutdown()
    running.server_close()
    thread.join()


@pytest.mark.row("M-02")
def test_a_file_is_a_component(tmp_path: Path) -> None:
    (tmp_path / "component.yaml").write_text(TEXT)
    for path in (str(tmp_path / "component.yaml"), tmp_path / "component.yaml"):
        assert components.load_component_from_file(path).component_spec.name == "Hello"


@pytest.mark.row("M-02")
def test_a_zip_file_with_a_component_yaml_is_a_component(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "c.zip", "w") as archive:
        archive.writestr("component.yaml", TEXT)
    assert components.load_component_from_file(tmp_path / "c.zip").component_spec.name == "Hello"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"PK\x03\x04 no zip", "c.yaml/component.yaml: the zip file cannot be read" ),
        (b"name: \xff", "c.yaml: the file is not UTF-8 text: invalid start byte at byte 6 [KA301]\n  Save it"),
        (b"name: 5", "c.yaml:1: name: the number 5 stands where a text is expected [KA303]"),
        (b"# " + b"x" * loading.MAX_BYTES, "c.yaml: the file has more than 10,485,760 B [KA301]"),
    ],
)  # fmt: skip
@pytest.mark.better("M-02", how="what is wrong with a file is told with line and key, everything at once")
def test_a_file_that_is_no_component_is_named(tmp_path: Path, content: bytes, message: str) -> None:
    (tmp_path / "c.yaml").write_bytes(content)
    with pytest.raises(PipelineError) as caught:
        components.load_component_from_file(tmp_path / "c.yaml")
    assert message.replace("/component.yaml", "") in str(caught.value)


def test_a_zip_file_without_a_component_is_refused(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "c.zip", "w") as archive:
        archive.writestr("x.yaml", TEXT)
    with pytest.raises(PipelineError, match=r"c\.zip: the zip file has no component\.yaml at its top \[KA301\]"):
        components.load_component_from_file(tmp_path / "c.zip")


def test_a_zip_bomb_is_not_unpacked(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "c.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("component.yaml", b"#" * (2 * loading.MAX_BYTES))
    with pytest.raises(PipelineError, match=r"c\.zip/component\.yaml: the file has more than 10,485,760 B \[KA301\]"):
        components.load_component_from_file(tmp_path / "c.zip")


def test_a_file_with_a_byte_order_mark_is_read(tmp_path: Path) -> None:
    (tmp_path / "c.yaml").write_text(TEXT, encoding="utf-8-sig")
    assert components.load_component_from_file(tmp_path / "c.yaml").component_spec.name == "Hello"


@pytest.mark.row("M-02")
def test_a_file_in_utf_16_is_read(tmp_path: Path) -> None:
    """PowerShell writes such files."""
    (tmp_path / "c.yaml").write_text(TEXT, encoding="utf-16")
    assert components.load_component_from_file(tmp_path / "c.yaml").reference.digest == DIGEST


@pytest.mark.row("M-03")
def test_the_digest_ignores_the_kind_of_line_ends() -> None:
    for text in (TEXT, TEXT.replace("\n", "\r\n")):
        assert components.load_component_from_text(text).reference.digest == DIGEST


@pytest.mark.row("M-03")
def test_an_address_is_a_component(server: str, tmp_path: Path) -> None:
    (tmp_path / "c.yaml").write_text(TEXT)
    factory = components.load_component_from_url(server + "c.yaml", ("me", "secret"))
    assert (factory.component_spec.name, factory.reference.url) == ("Hello", server + "c.yaml")
    assert Handler.authorizations == ["Basic bWU6c2VjcmV0"]
    local = (tmp_path / "c.yaml").as_uri()
    assert components.load_component_from_url(local).reference.digest == DIGEST


@pytest.mark.row("M-03")
def test_an_object_can_sign_a_request(server: str, tmp_path: Path) -> None:
    (tmp_path / "c.yaml").write_text(TEXT)
    components.load_component_from_url(server + "c.yaml", lambda request: request.add_header("Authorization", "x"))
    assert Handler.authorizations == ["x"]


def test_too_large_an_answer_is_refused(server: str, tmp_path: Path) -> None:
    (tmp_path / "c.yaml").write_bytes(b"#" * (loading.MAX_BYTES + 2))
    with pytest.raises(ValueError, match="has more than 10,485,760 B, which is more than a component may have"):
        components.load_component_from_url(server + "c.yaml")


def test_only_web_storage_and_file_addresses_are_read() -> None:
    with pytest.raises(ValueError, match="'ftp://x/y': the address has to begin with https:, http:, file: or gs:"):
        components.load_component_from_url("ftp://x/y")


def test_a_missing_page_is_an_error_of_the_address(server: str) -> None:
    with pytest.raises(OSError, match=r"^the component http://.*/nope\.yaml cannot be fetched: HTTP Error 404"):
        components.load_component_from_url(server + "nope.yaml")


@pytest.mark.row("M-01", "M-05")
def test_load_component_takes_exactly_one_source(tmp_path: Path) -> None:
    (tmp_path / "c.yaml").write_text(TEXT)
    spec = components.load_component(text=TEXT).component_spec
    assert components.load_component(filename=str(tmp_path / "c.yaml")).component_spec == spec
    assert components.load_component(url=(tmp_path / "c.yaml").as_uri()).component_spec == spec
    assert components.load_component(component_spec=spec).component_spec is spec  # M-05
    with pytest.raises(ValueError, match="exactly one source: filename, url, text, component_spec; got none"):
        components.load_component()
    with pytest.raises(ValueError, match="got url, text"):
        components.load_component(url="x", text="y")


@pytest.mark.parametrize("load", ["file", "text", "url", "spec"])
@pytest.mark.row("M-04")
def test_none_is_no_source(load: str) -> None:
    with pytest.raises(TypeError, match=f"load_component_from_{load}\\(\\) takes .*, got None"):
        getattr(components, f"load_component_from_{load}")(None)


@pytest.fixture
def store_folder(tmp_path: Path) -> Path:
    for place in ("train/component.yaml", f"train/versions/sha256/{DIGEST}", "train/versions/tags/v1"):
        (tmp_path / place).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / place).write_text(TEXT)
    return tmp_path


@pytest.mark.parametrize("version", [{}, {"digest": DIGEST}, {"tag": "v1"}])
@pytest.mark.row("M-17")
def test_the_store_finds_a_component_in_a_folder(store_folder: Path, version: dict[str, str]) -> None:
    factory = ComponentStore([str(store_folder)]).load_component("train", **version)
    assert (factory.component_spec.name, factory.reference.name) == ("Hello", "train")
    assert factory.reference.tag == version.get("tag")


@pytest.mark.parametrize("template", [False, True])
@pytest.mark.row("M-17")
def test_the_store_finds_a_component_below_an_address(server: str, store_folder: Path, template: bool) -> None:
    prefixes = [] if template else [server]
    store = ComponentStore([str(store_folder / "none")], prefixes, None, server + "{name}/component.yaml")
    assert store.load_component("train").reference.url == server + "train/component.yaml"


@pytest.mark.row("M-17")
def test_what_the_store_fetched_by_digest_is_kept(
    server: str, store_folder: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache = tmp_path_factory.mktemp("kept")
    monkeypatch.setenv("XDG_CACHE_HOME", str(cache))
    store = ComponentStore([str(store_folder / "none")], [server])
    for _ in range(2):
        assert store.load_component("train", digest=DIGEST).component_spec.name == "Hello"
    assert len(Handler.authorizations) == 1
    folder = cache / "kfp-airflow" / "components"
    assert [path.name for path in folder.iterdir()] == [DIGEST]
    assert (folder.stat().st_mode & 0o777, (folder / DIGEST).stat().st_mode & 0o777) == (0o700, 0o600)
    (folder / DIGEST).write_text(TEXT + "# changed by somebody")
    assert store.load_component("train", digest=DIGEST).component_spec.name == "Hello"
    assert len(Handler.authorizations) == 2


@pytest.mark.row("M-17")
def test_another_content_than_the_digest_says_is_refused(store_folder: Path) -> None:
    (store_folder / f"train/versions/sha256/{DIGEST}").write_text(TEXT + "# changed")
    with pytest.raises(RuntimeError, match=f"component 'train': what lies at .* does not have the digest {DIGEST}"):
        ComponentStore([str(store_folder)]).load_component("train", digest=DIGEST)


@pytest.mark.row("M-17")
def test_a_component_that_is_nowhere_is_reported_with_every_place(store_folder: Path, server: str) -> None:
    with pytest.raises(RuntimeError) as caught:
        ComponentStore([str(store_folder)], [server]).load_component("tran", tag="v2")
    assert str(caught.value) == (
        f"component 'tran' (tag v2) was not found. Searched: {store_folder}/tran/versions/tags/v2, "
        f"{server}tran/versions/tags/v2"
    )


@pytest.mark.row("M-17")
def test_the_store_lists_and_searches_its_folders(store_folder: Path) -> None:
    store = ComponentStore([str(store_folder)])
    assert store.list() == ["train"]
    assert [factory.component_spec.name for factory in store.search("hELL")] == ["Hello"]
    assert list(store.search("nothing")) == []


def test_the_store_refuses_both_digest_and_tag() -> None:
    with pytest.raises(ValueError, match="a digest and a tag cannot be given both"):
        ComponentStore().load_component("x", digest="1", tag="2")
    assert isinstance(ComponentStore.default_store, ComponentStore)


class Odd(SimpleHTTPRequestHandler):
    """Redirects, drips, and notes what it is told."""

    seen: ClassVar[list[tuple[str, str | None]]] = []
    elsewhere: ClassVar[str] = ""

    def do_GET(self) -> None:
        self.seen.append((self.path, self.headers.get("Authorization")))
        if self.path.startswith("/to"):
            target = {"/to-here": "/c.yaml", "/to-there": self.elsewhere + "c.yaml", "/to-file": "file:///etc/passwd"}
            self.send_response(302)
            self.send_header("Location", target.get(self.path, self.path))
            self.end_headers()
            return
        self.send_response(200)
        self.end_headers()
        if self.path == "/c.yaml":
            self.wfile.write(TEXT.encode())
            return
        with contextlib.suppress(OSError):  # the other side goes away
            while True:
                self.wfile.write(b"#" * (1 if self.path == "/drips" else 1 << 20))
                threading.Event().wait(0.02 if self.path == "/drips" else 0)

    def log_message(self, *args: Any) -> None:
        """Say nothing."""


@pytest.fixture
def odd() -> Iterator[str]:
    servers = [ThreadingHTTPServer(("127.0.0.1", 0), Odd) for _ in range(2)]
    threads = [threading.Thread(target=one.serve_forever, kwargs={"poll_interval": 0.01}) for one in servers]
    for thread in threads:
        thread.start()
    Odd.seen.clear()
    Odd.elsewhere = f"http://127.0.0.1:{servers[1].server_port}/"
    yield f"http://127.0.0.1:{servers[0].server_port}/"
    for one in servers:
        one.shutdown()
        one.server_close()
    for thread in threads:
        thread.join()


@pytest.mark.better("M-03", how="at most 10 MiB within 30 s; a redirect to another host gets no credentials")
def test_credentials_follow_a_redirect_to_the_same_host_only(odd: str) -> None:
    for path in ("to-here", "to-there"):
        assert components.load_component_from_url(odd + path, ("me", "secret")).reference.digest == DIGEST
    secret = "Basic bWU6c2VjcmV0"
    assert Odd.seen == [("/to-here", secret), ("/c.yaml", secret), ("/to-there", secret), ("/c.yaml", None)]


def test_objects_of_requests_sign_as_they_do_for_requests(odd: str) -> None:
    components.load_component_from_url(odd + "c.yaml", requests.auth.HTTPBasicAuth("me", "secret"))
    assert Odd.seen == [("/c.yaml", "Basic bWU6c2VjcmV0")]


def test_a_redirect_leads_to_web_addresses_only(odd: str) -> None:
    with pytest.raises(OSError, match="302"):
        components.load_component_from_url(odd + "to-file")
    following = fetching._Redirects()
    with pytest.raises(ValueError, match=r"^http://a redirects to 'ftp://b/c', which is no web address$"):
        following.redirect_request(Request("http://a"), io.BytesIO(), 302, "", HTTPMessage(), "ftp://b/c")


def test_a_circle_of_redirects_ends(odd: str) -> None:
    with pytest.raises(OSError, match="infinite loop"):
        components.load_component_from_url(odd + "to-itself")
    assert len(Odd.seen) <= 11


def test_an_answer_without_an_end_is_refused_by_size_and_by_time(odd: str) -> None:
    with pytest.raises(ValueError, match="endless has more than 10,485,760 B"):
        components.load_component_from_url(odd + "endless")
    with pytest.raises(TimeoutError, match=r"drips was not read within 0\.3 s: \d+ B came"):
        fetching.fetch(odd + "drips", timeout_s=0.3)


@pytest.mark.row("M-03")
def test_a_google_storage_address_is_read_over_https() -> None:
    assert fetching.address_of("gs://bucket/a/b.yaml") == "https://storage.googleapis.com/bucket/a/b.yaml"


def test_bytes_are_a_text_too() -> None:
    assert components.load_component_from_text(TEXT.encode()).reference.digest == DIGEST
    with pytest.raises(TypeError, match="takes the text of a component, got a value of type int"):
        components.load_component_from_text(5)


def test_of_a_file_without_an_end_no_more_is_read_than_a_component_may_have() -> None:
    with pytest.raises(PipelineError, match=r"/dev/zero: the file has more than 10,485,760 B \[KA301\]"):
        components.load_component_from_file("/dev/zero")


@pytest.mark.parametrize("method", [zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
@pytest.mark.parametrize("damage", ["cut", "changed"])
def test_a_damaged_zip_file_is_refused(tmp_path: Path, method: int, damage: str) -> None:
    with zipfile.ZipFile(tmp_path / "c.zip", "w", method) as archive:
        archive.writestr("component.yaml", TEXT * 20)
    content = bytearray((tmp_path / "c.zip").read_bytes())
    if damage == "cut":
        del content[len(content) // 2 :]
    else:
        content[60:70] = bytes(10)
    (tmp_path / "c.zip").write_bytes(content)
    with pytest.raises(PipelineError, match=r"c\.zip(/component\.yaml)?: the zip file cannot be read: "):
        components.load_component_from_file(tmp_path / "c.zip")


def test_nothing_of_a_zip_file_is_written_anywhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "inside").mkdir()
    monkeypatch.chdir(tmp_path / "inside")
    with zipfile.ZipFile(tmp_path / "c.zip", "w") as archive:
        for name in ("../out.yaml", "/tmp/out-of-the-zip.yaml", "component.yaml"):
            archive.writestr(name, TEXT)
    components.load_component_from_file(tmp_path / "c.zip")
    assert {path.name for path in tmp_path.rglob("*")} == {"inside", "c.zip"}
    assert not Path("/tmp/out-of-the-zip.yaml").exists()


@pytest.mark.better("M-17", how="digests are checked; copies lie in your own cache folder, not in one of all users")
@pytest.mark.parametrize(
    ("name", "version", "message"),
    [
        (
            "x",
            {"digest": "../../evil"},
            "'../../evil' is no digest: it has to be 64 digits of a sha256, in small letters",
        ),
        ("../x", {}, "'../x' leads out of the places of the store: write names below them"),
        ("/etc/x", {}, "'/etc/x' leads out of the places of the store"),
        ("x", {"tag": "../../y"}, "'../../y' leads out of the places of the store"),
    ],
)
def test_the_store_looks_nowhere_else(name: str, version: dict[str, str], message: str) -> None:
    with pytest.raises(ValueError, match=message.replace(".", r"\.")):
        ComponentStore().load_component(name, **version)
    with pytest.raises(TypeError, match=r"^load_component\(\) takes the name of a component$"):
        ComponentStore().load_component("")


def test_a_template_of_the_store_is_used_where_all_it_names_is_given(server: str, store_folder: Path) -> None:
    store = ComponentStore([str(store_folder / "none")], None, None, server + "{name}/versions/tags/{tag}")
    assert store.load_component("train", tag="v1").component_spec.name == "Hello"
    with pytest.raises(RuntimeError, match=r"Searched: [^,]*$"):
        store.load_component("train")


def test_a_place_that_refuses_is_an_error_not_an_absence(odd: str, tmp_path: Path) -> None:
    with pytest.raises(OSError, match="infinite loop"):
        ComponentStore([str(tmp_path)], [odd + "to-"]).load_component("x")


def test_where_no_copy_can_be_kept_the_component_is_there_all_the_same(
    server: str, store_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a file").touch()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "a file"))
    store = ComponentStore([str(store_folder / "none")], [server])
    assert store.load_component("train", digest=DIGEST).component_spec.name == "Hello"
