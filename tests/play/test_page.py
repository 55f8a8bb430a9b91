"""The page of `ganzoo play` in a browser, for letters and for a translator; skipped without Chromium."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import urllib.request
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.parse import urlencode

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright

import ganzoo
from ganzoo.play.samples import Request
from ganzoo.play.server import LARGEST_CALL, LARGEST_UPLOAD, UPLOADS
from ganzoo.play.studio import End, Studio
from ganzoo.sampling.run import Run
from ganzoo.visualization import grid
from helpers.browser import PROGRAM
from helpers.support import CONDITIONAL, TRANSLATING, tiny, train, until

pytestmark = [pytest.mark.slow, pytest.mark.skipif(not PROGRAM, reason="no Chromium here")]
PATIENCE = 30_000.0  # milliseconds
POSTS = [f"gradio_api/{route}" for route in ("queue/join", "run/x", "call/x", "component_server", "process_recording")]
EVIL = "<img src=https://example.org/x.png>"


class Server:
    """`ganzoo play` in a separate process, because libraries warn when they are imported.

    `temporary` is the folder for temporary files.
    """

    def __init__(self, run: Run):
        self.temporary = run.folder.parent / "temporary"
        self.temporary.mkdir()
        self.model = ganzoo.load(run)
        self.studio = Studio(self.model)
        words = [sys.executable, "-m", "ganzoo", "play", str(run.folder), "--port", "0", "--no-browser"]
        environment = {**os.environ, "TMPDIR": str(self.temporary)}
        self.process = subprocess.Popen(
            words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment
        )

    def address(self) -> str:
        assert self.process.stdout
        limit = threading.Timer(60, self.process.kill)
        limit.start()
        line = self.process.stdout.readline()
        limit.cancel()
        return line.split()[0] if line else pytest.fail(self.process.communicate()[1])


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[Server]]:
    """Servers of a GAN of letters, with a class whose name is an HTML image, and of a translator from 4x4 to 8x8."""
    letters = train(tiny(CONDITIONAL, "run.steps=2"), tmp_path_factory.mktemp("runs"))
    resolved = letters.folder / "resolved.json"
    resolved.write_text(json.dumps({**json.loads(resolved.read_bytes()), "class_names": ["A", "B", EVIL]}))
    started = [Server(letters), Server(train(tiny(TRANSLATING, "run.steps=2"), tmp_path_factory.mktemp("runs")))]
    yield started
    for server in started:
        server.process.kill()
        server.process.communicate()


@pytest.fixture(scope="module")
def addresses(servers: list[Server]) -> list[str]:
    return [server.address() for server in servers]


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        flags = ["--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu"]
        yield playwright.chromium.launch(executable_path=PROGRAM, args=flags)


class Tab:
    """A page with its first pictures. `requests` are the addresses it loaded, `errors` the messages of its console."""

    def __init__(self, page: Page, address: str, last: str):
        self.page = page
        self.requests = []
        self.errors = []
        page.set_default_timeout(PATIENCE)
        page.on("request", lambda request: self.requests.append(request.url))
        page.on("console", lambda message: message.type == "error" and self.errors.append(message.text))
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.goto(address)
        page.wait_for_selector(f"#{last} img")

    def shown(self, name: str) -> np.ndarray:
        """Return the pixels of the picture in a panel, as the server sent them."""
        source = self.page.locator(f"#{name} img").get_attribute("src")
        return pixels(self.page.request.get(str(source)).body())

    def shows(self, name: str, expected: Image.Image) -> bool:
        """Wait until a panel shows this picture; return False if it does not."""
        for _ in range(100):
            pixels = self.shown(name)
            if pixels.shape == np.asarray(expected).shape and (pixels == np.asarray(expected)).all():
                return True
            self.page.wait_for_timeout(100)
        return False

    def click(self, name: str, across: float, down: float) -> None:
        """Click a pixel of the picture in a panel, at any size on the screen."""
        image = self.page.locator(f"#{name} img")
        height, width = self.shown(name).shape[:2]
        box = image.bounding_box()
        assert box
        scale = min(box["width"] / width, box["height"] / height)
        left, top = (box["width"] - scale * width) / 2, (box["height"] - scale * height) / 2
        image.click(position={"x": left + scale * across, "y": top + scale * down})

    def seed(self) -> int:
        return int(self.page.get_by_label("Seed", exact=True).input_value())


@pytest.fixture
def tab(chromium: Browser, addresses: list[str]) -> Iterator[Tab]:
    page = chromium.new_page(viewport={"width": 1280, "height": 900})
    yield Tab(page, addresses[0], "move")
    page.close()


def pixels(content: bytes) -> np.ndarray:
    with Image.open(BytesIO(content)) as opened:
        return np.asarray(opened)


def test_heading_and_buttons_are_aligned_with_the_cards(tab: Tab) -> None:
    def box(selector: str, side: str) -> float:
        return float(tab.page.evaluate(f"document.querySelector({selector!r}).getBoundingClientRect().{side}"))

    assert box("#about h1", "left") == box("#samples", "left")
    assert abs(box(".controls input[type=number]", "bottom") - box(".controls > button", "bottom")) <= 3


def test_a_picture_that_is_cut_says_where_it_goes_on(tab: Tab) -> None:
    content = "() => getComputedStyle(document.querySelector('#samples'), '::after').content"
    assert tab.page.evaluate(content) == "none"
    tab.page.evaluate("document.querySelector('#samples img').style.width = '3000px'; markScrolling()")
    assert "scroll sideways" in tab.page.evaluate(content)
    assert "row by row from 1" in tab.page.inner_text(
        "body"
    ) and "where the samples change most" in tab.page.inner_text("body")


def test_it_is_whole_without_any_other_address(tab: Tab, addresses: list[str], servers: list[Server]) -> None:
    assert tab.page.title() == "tiny - ganzoo"
    assert tab.page.locator("#about p").inner_text() == "glyphs · 2 steps · 3 classes · 28 × 28 pixels, grey"
    assert tab.shows("samples", servers[0].studio.grid(Request(63)))
    assert tab.shows("interpolation", servers[0].studio.interpolate(Request(63), End(0, 0), End(1, 0), 0.5))
    assert tab.shows("move", servers[0].studio.move(Request(63), "principal", 0, 2.0))
    tab.page.get_by_label("Class").click()
    assert tab.page.get_by_role("option").all_inner_texts()[-1].endswith(EVIL)
    assert {url for url in tab.requests if not url.startswith((addresses[0], "data:", "blob:"))} == set()
    assert tab.errors == []


def test_it_fits_a_phone(chromium: Browser, addresses: list[str]) -> None:
    page = chromium.new_page(viewport={"width": 390, "height": 844})
    tab = Tab(page, addresses[0], "move")
    assert tab.page.evaluate("document.documentElement.scrollWidth") == 390
    page.close()


def test_new_noise_has_a_seed_and_what_is_saved_is_what_the_library_draws(
    tab: Tab, servers: list[Server], tmp_path: Path
) -> None:
    tab.page.get_by_role("button", name="New noise").click()
    tab.page.wait_for_function("!/--seed 0$/.test(document.querySelector('#command textarea, #command input').value)")
    seed = tab.seed()
    assert seed != 0
    command = tab.page.locator("#command textarea, #command input").input_value()
    assert re.fullmatch(rf"ganzoo sample \S+ -n 63 --seed {seed}", command)
    expected = grid.picture(servers[0].model.sample(63, seed=seed), 3)
    assert tab.shows("samples", expected)
    with tab.page.expect_download() as download:
        tab.page.locator("#save-samples").click()
    assert download.value.suggested_filename == f"tiny-seed-{seed}.png"
    download.value.save_as(tmp_path / "saved.png")
    assert (pixels((tmp_path / "saved.png").read_bytes()) == np.asarray(expected)).all()


def test_a_class_is_picked_by_its_name(tab: Tab, servers: list[Server]) -> None:
    tab.page.get_by_label("Class").click()
    tab.page.get_by_role("option", name="B", exact=True).click()
    assert tab.shows("samples", grid.picture(servers[0].model.sample(63, "B", seed=0), 8))
    assert tab.page.locator("#command textarea, #command input").input_value().endswith("-n 63 --seed 0 --label B")


def test_a_click_selects_the_ends_of_an_interpolation(tab: Tab, servers: list[Server]) -> None:
    interpolate = servers[0].studio.interpolate
    tab.click("samples", 2 + 30 * 1 + 14, 2 + 30 * 2 + 14)  # the second of the third row
    assert tab.shows("interpolation", interpolate(Request(63), End(0, 7), End(1, 0), 0.5))
    tab.click("samples", 2 + 30 * 2 + 14, 2 + 30 * 20 + 14)
    assert tab.shows("interpolation", interpolate(Request(63), End(0, 7), End(0, 62), 0.5))
    tab.page.locator("#place input[type=number]").fill("0.9")
    tab.page.locator("#place input[type=number]").press("Enter")
    assert tab.shows("interpolation", interpolate(Request(63), End(0, 7), End(0, 62), 0.9))


def test_a_slider_moves_samples_in_a_direction(tab: Tab, servers: list[Server]) -> None:
    move = servers[0].studio.move
    tab.page.locator("#distance input[type=range]").focus()
    tab.page.keyboard.press("ArrowLeft")
    assert tab.shows("move", move(Request(63), "principal", 0, 1.9))
    tab.page.get_by_label("one coordinate").click()
    assert tab.shows("move", move(Request(63), "coordinate", 0, 1.9))


def test_errors_are_shown_on_the_page(tab: Tab) -> None:
    tab.page.get_by_label("which sample").first.fill("999")
    toast = tab.page.get_by_test_id("toast-body")
    toast.first.wait_for()
    assert "there is no sample 999: 63 are shown." in toast.first.inner_text()


def test_an_uploaded_picture_is_translated(
    chromium: Browser, addresses: list[str], servers: list[Server], tmp_path: Path
) -> None:
    page, studio = chromium.new_page(viewport={"width": 1280, "height": 900}), servers[1].studio
    tab = Tab(page, addresses[1], "translation")
    assert tab.shows("samples", studio.grid(Request(96)))
    tab.click("samples", 2 + 10 * 4 + 4, 2 + 10 * 1 + 4)  # in the second example of the second row
    assert tab.shows("translation", studio.example(Request(96), 16 + 1))
    Image.new("RGB", (30, 20), (200, 200, 200)).save(tmp_path / "photo.png")
    tab.page.locator("#upload").locator("..").locator("input[type=file]").set_input_files(tmp_path / "photo.png")
    assert tab.shows("translation", studio.uploaded(Request(96), tmp_path / "photo.png"))
    assert tab.errors == []
    page.close()


def test_no_file_of_this_machine_is_given_away(addresses: list[str], servers: list[Server], tmp_path: Path) -> None:
    Image.new("RGB", (9, 9)).save(tmp_path / "secret.png")
    for path in (tmp_path / "secret.png", Path("README.md").absolute(), "/etc/passwd"):
        with pytest.raises(HTTPError, match="403"):
            urllib.request.urlopen(f"{addresses[1]}gradio_api/file={path}")
    assert translates(addresses[1], tmp_path / "secret.png") is False


def translates(address: str, file: Path) -> bool:
    """Tell whether the page translates a file of this machine as if it had been uploaded."""
    handlers = asked(f"{address}config")["dependencies"]
    upload = next(one["id"] for one in handlers if any(event == "upload" for _, event in one["targets"]))
    data = [{"path": str(file), "meta": {"_type": "gradio.FileData"}}, 0, 5, -1, 1]
    visitor = {"session_hash": file.parent.name}
    asked(f"{address}gradio_api/queue/join", {"data": data, "fn_index": upload, **visitor})
    with urllib.request.urlopen(f"{address}gradio_api/queue/data?{urlencode(visitor)}") as answer:
        told = next(line for line in answer if b"process_completed" in line).removeprefix(b"data: ")
    return bool(json.loads(told)["success"])


def test_every_other_kind_of_gan_has_a_page_too(tmp_path: Path) -> None:
    """Single numbers, points, token ids, in a process that allows warnings."""
    number = """
[dataset]
use = "gaussian_1d"
n = 200
[generator]
use = "mlp"
z_dim = 1
hidden = [4]
"""
    runs = [train(tiny(text, "run.steps=1"), tmp_path).folder for text in (number, "")]
    build = """
import sys
from pathlib import Path
import ganzoo
from ganzoo.play import page
from ganzoo.play.studio import Studio
number, points = map(ganzoo.load, sys.argv[2:])
folder = Path(sys.argv[1])
words = ganzoo.Model(points.procedure, ganzoo.Spec((2,), vocab=3), [])
chain = Studio(points)
chain.unavailable = "it runs a chain."
for studio in (Studio(number), Studio(points), Studio(words), chain):
    text = str(page.build(studio, "runs", folder).get_config_file())
    print(*(word in text for word in ("### Interpolate", "Save as text", "are not available: it runs a chain.")))
"""
    words = [sys.executable, "-c", build, str(tmp_path), *map(str, runs)]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert done.stdout.splitlines() == ["True False False"] * 2 + ["False True False", "False False True"], done.stderr


def test_another_name_for_this_machine_leads_nowhere(addresses: list[str]) -> None:
    request = urllib.request.Request(addresses[0], headers={"Host": "example.org"})
    with pytest.raises(HTTPError, match="400"):
        urllib.request.urlopen(request)


def test_a_browser_is_told_to_ask_nobody_else(tab: Tab) -> None:
    tab.page.evaluate("document.body.append(Object.assign(new Image(), {src: 'https://example.org/x.png'}))")
    tab.page.wait_for_timeout(200)
    assert any("Content Security Policy" in error for error in tab.errors)


def upload(address: str, *names: str, route: str = "gradio_api/upload", **headers: str) -> int:
    """Upload files of one byte in one request as gradio's page does, and return the status of the answer."""
    parts = [f'--x\r\nContent-Disposition: form-data; name="files"; filename="{name}"\r\n\r\na\r\n' for name in names]
    headers = {"Content-Type": "multipart/form-data; boundary=x", **headers}
    request = urllib.request.Request(f"{address}{route}", f"{''.join(parts)}--x--\r\n".encode(), headers)
    try:
        with urllib.request.urlopen(request) as answer:
            return int(answer.status)
    except HTTPError as error:
        return error.code


def sent(address: str, header: str, body: bytes = b"", route: str = "upload") -> int:
    """Begin a request with a header of one's own, send no more than `body`, and return the status of the answer."""
    host = address.removeprefix("http://").rstrip("/")
    with socket.create_connection(host.split(":"), timeout=30) as connection:
        lines = [f"POST /gradio_api/{route} HTTP/1.1", f"Host: {host}", "Content-Type: multipart/form-data; boundary=x"]
        connection.sendall("\r\n".join([*lines, header, "", ""]).encode() + body)
        return int(connection.recv(100).split()[1])


def test_a_page_of_another_origin_gets_no_answer_and_no_file(servers: list[Server], addresses: list[str]) -> None:
    before = [*servers[0].temporary.rglob("*.png")]
    for origin in ("http://evil.com", "https://127.0.0.1", "http://localhost:1234", "null"):
        assert upload(addresses[0], "a.png", Origin=origin) == 403
        request = urllib.request.Request(f"{addresses[0]}config", headers={"Origin": origin})
        with pytest.raises(HTTPError, match="403"):
            urllib.request.urlopen(request)
        for route in POSTS:
            assert upload(addresses[0], "a.png", route=route, Origin=origin) == 403
    assert [*servers[0].temporary.rglob("*.png")] == before
    assert upload(addresses[0], "a.png", Origin=addresses[0].rstrip("/")) == 200


def test_the_last_uploads_stay_and_older_ones_go(servers: list[Server], addresses: list[str]) -> None:
    names = [f"upload-{i}.png" for i in range(UPLOADS + 3)]
    for name in names:
        assert upload(addresses[0], name) == 200
    until(lambda: {path.name for path in servers[0].temporary.rglob("upload-*.png")} == {*names[3:]}, seconds=20)
    names = [f"together-{i:02d}.png" for i in range(UPLOADS + 3)]
    assert upload(addresses[0], *names) == 200
    temporary = servers[0].temporary
    until(lambda: len([*temporary.rglob("together-*.png")]) == len([*files_of(servers[0])]) == UPLOADS, seconds=20)


def files_of(server: Server) -> Iterator[Path]:
    """Return all uploads and beginnings of some, and none of the pictures that the page shows."""
    (folder,) = server.temporary.glob("ganzoo-play-*")
    return (path for pattern in ("*", "*/*") for path in folder.glob(pattern) if path.is_file())


def test_an_upload_is_bounded_before_any_of_it_is_read(servers: list[Server], addresses: list[str]) -> None:
    before = sorted(files_of(servers[0]))
    assert sent(addresses[0], f"Content-Length: {LARGEST_UPLOAD + 1}") == 413
    assert sent(addresses[0], f"Content-Length: {'9' * 18}") == 413
    assert sent(addresses[0], "Transfer-Encoding: chunked", b"5\r\n--x\r\n\r\n") == 411
    assert sent(addresses[0], f"Content-Length: {LARGEST_CALL + 1}", route="queue/join") == 413
    assert sorted(files_of(servers[0])) == before


def test_a_signal_ends_it_and_nothing_stays(servers: list[Server], addresses: list[str], tmp_path: Path) -> None:
    """This is the last test: it ends servers whose pages were open in a tab."""
    assert translates(addresses[1], tmp_path / "secret.png") is False
    ending = signal.SIGTERM if signal.getsignal(signal.SIGHUP) == signal.SIG_IGN else signal.SIGHUP  # nohup ignores it
    ends = zip(servers, (ending, signal.SIGINT), ("", "was not uploaded by a user."), strict=True)
    for server, number, last in ends:
        server.process.send_signal(number)
        out, err = server.process.communicate(timeout=20)
        assert (server.process.returncode, out) == (0, "ended.\n")
        assert err.strip().endswith(last), err[-3000:]
        assert last or not err
        assert [*server.temporary.glob("ganzoo-play-*")] == []


def asked(address: str, body: dict[str, Any] | None = None) -> Any:
    data = json.dumps(body).encode() if body else None
    request = urllib.request.Request(address, data, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request) as answer:
        return json.loads(answer.read())
