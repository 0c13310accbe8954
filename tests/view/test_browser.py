"""The command and its page as a person uses them: a process, and Chromium without a window."""

from __future__ import annotations

import dataclasses
import json
import runpy
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from test_docs import blocks
from viewed import saved, saved_camera_bundle, saved_digits_bundle, viewed_bundle

import neurodeploy as nd

RUN = "from neurodeploy.cli.main import main; main()"
PLACES = {name: shutil.which(name) for name in ("chromium", "chromedriver")}
needs_browser = pytest.mark.skipif(None in PLACES.values(), reason=f"no browser: {PLACES}")


def start(*options: str | Path, **pipes: Any) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", RUN, "view", *map(str, options)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        **pipes,
    )


def end(viewing: subprocess.Popen[str]) -> tuple[int, str, str]:
    viewing.send_signal(signal.SIGINT)
    said, noted = viewing.communicate(timeout=20)
    return viewing.returncode, said, noted


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    bundle, spikes = saved(tmp_path_factory.mktemp("viewed"))
    viewing = start(bundle, "--input", spikes, "--port", "0")
    try:
        assert viewing.stdout is not None
        yield viewing.stdout.readline().split()[3]
    finally:
        assert end(viewing) == (0, "the view has ended\n", "loading the view ...\n")


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    from selenium import webdriver
    from selenium.webdriver.chrome.service import Service

    options = webdriver.ChromeOptions()
    options.binary_location = PLACES["chromium"]
    for argument in ("--headless=new", "--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu"):
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    driver = webdriver.Chrome(options=options, service=Service(PLACES["chromedriver"]))
    yield driver
    driver.quit()


@pytest.fixture
def page(browser: Any, url: str) -> Any:
    browser.get(url)
    wait(lambda: steps(browser) > 0)
    return browser


def wait(happened: Callable[[], Any], seconds: float = 15) -> None:
    until = time.monotonic() + seconds
    while not happened():
        assert time.monotonic() < until
        time.sleep(0.05)


def steps(browser: Any) -> int:
    """Steps that the page has been shown."""
    return int(browser.execute_script("return recent.length"))


def picture(browser: Any) -> str:
    """What the rasters, and the decoded picture, look like."""
    script = "return [...document.querySelectorAll('canvas')].map((c) => c.toDataURL()).join()"
    return str(browser.execute_script(script))


def press(browser: Any, *keys: str) -> None:
    from selenium.webdriver.common.action_chains import ActionChains

    ActionChains(browser).send_keys(*keys).perform()


def text(browser: Any, name: str) -> str:
    return str(browser.execute_script(f"return document.getElementById('{name}').textContent"))


@needs_browser
def test_playing_moves_the_picture_and_keys_pause_and_step(page: Any) -> None:
    from selenium.webdriver.common.keys import Keys

    before = picture(page)
    wait(lambda: picture(page) != before)
    press(page, Keys.SPACE)
    wait(lambda: text(page, "play") == "Play")
    shown, still = steps(page), picture(page)
    time.sleep(0.6)
    assert (steps(page), picture(page)) == (shown, still)
    press(page, Keys.ARROW_RIGHT)
    wait(lambda: steps(page) == shown + 1 and picture(page) != still)
    assert "J" in text(page, "chip")
    press(page, Keys.SPACE)
    wait(lambda: steps(page) > shown + 3)
    assert page.get_log("browser") == []


@needs_browser
def test_touching_a_row_and_a_slider_changes_and_one_button_puts_back(page: Any) -> None:
    from selenium.webdriver.common.by import By
    from selenium.webdriver.common.keys import Keys

    canvas = page.find_elements(By.CSS_SELECTOR, ".raster canvas")[1]
    page.execute_script("arguments[0].scrollIntoView({block: 'center'})", canvas)
    canvas.click()
    wait(lambda: page.execute_script("return state.silenced.length") == 1)
    ((layer, neuron),) = page.execute_script("return state.silenced")
    assert layer == 0
    slider = page.find_element(By.CSS_SELECTOR, "#thresholds input")
    slider.send_keys(Keys.END)
    wait(lambda: page.execute_script("return state.thresholds[0]") == 256)
    slider.send_keys(Keys.HOME)
    wait(lambda: page.execute_script("return state.thresholds[0]") == 0)
    wait(lambda: page.execute_script("return !state.pending"))
    page.execute_script("recent = []")
    wait(lambda: steps(page) > 12)
    spoke = page.execute_script("return recent.flatMap((frame) => frame.layers[0])")
    assert spoke
    assert neuron not in spoke
    page.find_element(By.ID, "back").click()
    wait(lambda: page.execute_script("return !state.silenced.length && !state.pending"))
    assert page.execute_script("return Object.keys(state.thresholds).length") == 0
    assert text(page, "silenced") == ""
    assert page.get_log("browser") == []


@needs_browser
def test_without_a_decoder_no_host_is_shown(browser: Any, tmp_path: Path) -> None:
    bundle, spikes = saved(tmp_path, dataclasses.replace(viewed_bundle(), decoder=None))
    viewing = start(bundle, "--input", spikes, "--port", "0")
    try:
        assert viewing.stdout is not None
        browser.get(viewing.stdout.readline().split()[3])
        wait(lambda: steps(browser) > 0 and text(browser, "answer") != "nothing heard yet")
        assert text(browser, "answer") == "no decoder: the spikes are all there is"
        assert "no decoder, so no host" in text(browser, "basis")
        shown = """return [...document.querySelectorAll("dt, dd, #picture")].filter((each) =>
            each.getClientRects().length).map((each) => each.textContent)"""
        assert len(browser.execute_script(shown)) == 2
        assert browser.execute_script(shown)[0] == "chip, so far"
        assert browser.get_log("browser") == []
    finally:
        assert end(viewing)[0] == 0


@needs_browser
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_nothing_is_cut_off_at_360_px_and_all_has_a_name(page: Any, scheme: str) -> None:
    size = {"width": 360, "height": 700, "deviceScaleFactor": 2, "mobile": True}
    scheme_of = {"features": [{"name": "prefers-color-scheme", "value": scheme}]}
    page.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    page.execute_cdp_cmd("Emulation.setEmulatedMedia", scheme_of)
    try:
        cut = page.execute_script("""
            return [...document.querySelectorAll("body *")].filter((each) => {
              const box = each.getBoundingClientRect();
              return box.width && (box.left < 0 || box.right > 360.5 ||
                (each.scrollWidth > each.clientWidth + 1 && each.clientWidth &&
                 !each.matches("input")));
            }).map((each) => each.outerHTML)""")
        assert cut == []
        nameless = page.execute_script("""
            return [...document.querySelectorAll("button, input, canvas")].filter((each) =>
              each.getClientRects().length && !each.getAttribute("aria-label") &&
              !each.textContent.trim() && !each.labels?.length).map((each) => each.outerHTML)""")
        assert nameless == []
        dark = page.execute_script("return color('--back')") == "#14181d"
        assert dark == (scheme == "dark")
    finally:
        page.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
        page.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": []})


@needs_browser
def test_a_camera_connects_again_and_again(browser: Any, tmp_path: Path) -> None:
    program = tmp_path / "camera.py"
    program.write_text(blocks("docs/view.md"))
    camera = runpy.run_path(str(program))
    saved_camera_bundle(tmp_path / "bundle", camera["HEIGHT"], camera["STEPS"])
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    viewing = start(tmp_path / "bundle", "--listen", str(port), "--port", "0")
    try:
        assert viewing.stdout is not None
        browser.get(viewing.stdout.readline().split()[3])
        heard = "return recent.map((frame) => [frame.step, frame.input.join()])"
        shown = [
            [step, ",".join(map(str, json.loads(line)["spikes"]))] for step, line in sent(camera)
        ]
        for _ in range(2):
            subprocess.run([sys.executable, program, str(port)], check=True)
            wait(lambda: steps(browser) >= len(shown))
            assert browser.execute_script(heard) == shown
            browser.execute_script("recent = []")
        assert browser.get_log("browser") == []
    finally:
        assert end(viewing)[:2] == (0, "the view has ended\n")


def sent(camera: dict[str, Any]) -> Iterator[tuple[int, str]]:
    for number, line in enumerate(camera["lines"](camera["camera"]())):
        yield number % camera["STEPS"], line


@needs_browser
def test_a_sample_of_a_task_has_its_original_and_its_class(browser: Any, tmp_path: Path) -> None:
    saved_digits_bundle(tmp_path / "bundle")
    viewing = start(tmp_path / "bundle", "--samples", "2", "--port", "0")
    try:
        assert viewing.stdout is not None
        browser.get(viewing.stdout.readline().split()[3])
        for label in nd.task("digits").splits().test.labels[:2]:
            wait(lambda asked=f"asked for: {label}": text(browser, "asked").startswith(asked))
        size = "const c = document.getElementById('original'); return [c.width, c.height]"
        assert browser.execute_script(size) == [8, 8]
        assert browser.get_log("browser") == []
    finally:
        assert end(viewing)[:2] == (0, "the view has ended\n")


def test_lines_that_never_come_do_not_hold_its_end(tmp_path: Path) -> None:
    bundle, _ = saved(tmp_path)
    viewing = start(bundle, "--input", "-", "--port", "0", stdin=subprocess.PIPE)
    assert viewing.stdout is not None
    assert viewing.stdout.readline().startswith(f"viewing {bundle} on http://127.0.0.1:")
    assert end(viewing)[:2] == (0, "the view has ended\n")


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--input", "none.npy"), "none.npy"),
        (("--device", "abacus"), "device: expected one of"),
        (("--data", "nothing"), "task: expected"),
        ((), "options --input and --data: expected one of them"),
        (("--listen", "7000", "--input", "-"), "expected one of them, found --input and --listen"),
    ],
)
def test_a_mistake_is_said_before_anything_is_loaded(
    tmp_path: Path, options: tuple[str, ...], said: str
) -> None:
    bundle, _ = saved(tmp_path)
    viewing = start(bundle, *options)
    _, noted = viewing.communicate(timeout=20)
    assert viewing.returncode == 2
    assert said in noted
    assert "loading" not in noted
