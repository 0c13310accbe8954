"""The page as text, and in a browser as a person uses it."""

from __future__ import annotations

import dataclasses
import json
import re
import shutil
import time
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
import vl_convert

from neurodeploy.errors import MissingPackageError
from neurodeploy.report import page as page_module
from neurodeploy.report.extra import require_charts
from neurodeploy.report.measured import Measured
from neurodeploy.report.page import in_script, render, write_report

MEBI = 2**20


@pytest.fixture(scope="module")
def page(measured: Measured) -> str:
    return render([measured])


def test_it_stands_alone_and_is_small(page: str) -> None:
    assert len(page.encode()) < 3 * MEBI
    markup = re.sub(r"<script.*?</script>", "", page, flags=re.DOTALL)
    assert not re.findall(r"""(?:src|href)=["'](?!#|data:)|url\(|@import""", markup)
    assert not re.findall(r"<script[^>]*src", page[page.index("<body>") :])


def test_the_answer_comes_first_and_says_how_to_get_it_again(page: str) -> None:
    body = page[page.index("<h1>") :]
    assert re.match(r"<h1>digits: [\d.]+\xa0% right, deployed</h1>", body)
    for words in ("95 % interval", "sha256", "neurodeploy report digits", "equal ANN", "seed of"):
        assert words in body, words
    assert body.index("neurodeploy train digits") < body.index("<section")


class Outline(HTMLParser):
    """Elements with their attributes, and what ends without having begun."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))


def test_its_library_is_made_once_for_all_processes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[str] = []

    def bundle() -> str:
        made.append("a </script> of Vega")
        return made[-1]

    monkeypatch.setattr(vl_convert, "javascript_bundle", bundle)
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path))
    library = page_module._library.__wrapped__
    assert library() == library() == "a <\\/script> of Vega"
    assert len(made) == 1
    (kept,) = tmp_path.iterdir()
    kept.write_bytes(kept.read_bytes()[:-1])
    assert library() == "a <\\/script> of Vega"
    assert len(made) == 2


def test_tables_have_scopes_and_charts_words(page: str) -> None:
    outline = Outline()
    outline.feed(page)
    heads = [attrs for tag, attrs in outline.found if tag == "th"]
    assert heads
    assert all(attrs.get("scope") in ("row", "col") for attrs in heads)
    tags = [tag for tag, _ in outline.found]
    assert tags.count("table") == tags.count("caption")
    charts = [attrs for _, attrs in outline.found if attrs.get("class") == "chart"]
    assert len(charts) >= 9
    assert all(len(attrs["data-alt"] or "") > 60 for attrs in charts)
    keys = [attrs["id"] for _, attrs in outline.found if "id" in attrs]
    assert len(keys) == len(set(keys))


def test_several_runs_are_side_by_side_first(measured: Measured) -> None:
    other = dataclasses.replace(
        measured, name="other", facts={**measured.facts, "beta": "0.5", "epochs": "7"}
    )
    page = render([measured, other])
    body = page[page.index("<h1>") :]
    places = ["</h1>", 'id="compare"', "The runs in numbers", 'id="chart-0"', "<nav"]
    places += ['id="answer-0"', 'id="player-0"', 'id="answer-1"', 'id="player-1"']
    found = [body.index(place) for place in places]
    assert found == sorted(found)
    table = body[body.index("The runs in numbers") : body.index("</table>")]
    heads = re.findall(r'<th scope="row">(.*?)</th>', table)
    assert heads[:3] == ["epochs", "beta", "class accuracy, deployed"]
    assert '<td data-head="other">0.5</td>' in table
    links = body[body.index("<nav") : body.index("</nav>")]
    assert links.count("<ul>") == 2
    assert re.findall(r'<a href="(#answer-\d)">', links) == ["#answer-0", "#answer-1"]


def test_what_comes_from_files_is_escaped(measured: Measured) -> None:
    page = render([measured, dataclasses.replace(measured, name="other")])
    assert "</script><b>digits" not in page
    assert "&lt;/script&gt;&lt;b&gt;digits" in page
    assert page.count("</script>") == 3
    assert json.loads(in_script("</script>&\u2028")) == "</script>&\u2028"
    assert "<" not in in_script("</script>")


def test_a_missing_extra_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(
        MissingPackageError, match=r"report: expected altair.*neurodeploy\[report\]"
    ):
        require_charts()


@pytest.fixture(scope="module")
def file(measured: Measured, tmp_path_factory: pytest.TempPathFactory) -> Path:
    several = [measured, dataclasses.replace(measured, name="other")]
    return write_report(tmp_path_factory.mktemp("page") / "report.html", several)


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """Headless Chromium with the page's console."""
    webdriver = pytest.importorskip("selenium.webdriver", reason="selenium is not installed")
    chromium, driver = shutil.which("chromium"), shutil.which("chromedriver")
    if not (chromium and driver):
        pytest.skip("no chromium and chromedriver on the PATH")
    options = webdriver.ChromeOptions()
    options.binary_location = chromium
    for each in ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"):
        options.add_argument(each)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    service = webdriver.ChromeService(executable_path=driver)
    started = webdriver.Chrome(options=options, service=service)
    yield started
    started.quit()


def show(browser: Any, file: Path, width: int, scheme: str = "light") -> None:
    size = {"width": width, "height": 800, "deviceScaleFactor": 1, "mobile": width < 500}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    features = [{"name": "prefers-color-scheme", "value": scheme}]
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})
    browser.get(file.as_uri())
    until(browser, "return document.documentElement.dataset.ready === 'yes'")


def until(browser: Any, script: str) -> None:
    end = time.monotonic() + 30
    while not browser.execute_script(script):
        assert time.monotonic() < end, script
        time.sleep(0.02)


PIXELS = "return document.querySelectorAll('.picture canvas')[1].toDataURL()"
CURSOR = "return document.querySelector('#raster-2-0 svg').outerHTML"


def test_the_slider_moves_everything_by_keyboard(browser: Any, file: Path) -> None:
    keys = pytest.importorskip("selenium.webdriver").Keys
    show(browser, file, 1280)
    slider = browser.find_element("id", "step-0")
    before = [browser.execute_script(each) for each in (PIXELS, CURSOR)]
    says = browser.find_element("css selector", ".says").text
    slider.send_keys(keys.HOME)
    until(browser, "return document.querySelector('.controls output').textContent === '1 of 16'")
    time.sleep(0.3)
    after = [browser.execute_script(each) for each in (PIXELS, CURSOR)]
    assert all(one != other for one, other in zip(before, after, strict=True))
    assert browser.find_element("css selector", ".says").text != says
    slider.send_keys(keys.ARROW_RIGHT)
    until(browser, "return document.querySelector('.controls output').textContent === '2 of 16'")
    button = browser.find_element("css selector", ".gallery .grid button")
    button.send_keys(keys.ENTER)
    until(browser, "return document.activeElement.id === 'step-0'")
    assert browser.get_log("browser") == []


PLACES = """
return ['.slide label', '#step-0'].flatMap(each => {
  const box = document.querySelector(each).getBoundingClientRect();
  return [box.left, box.right, box.top, box.bottom];
});
"""


@pytest.mark.parametrize("width", [360, 1280, 3840])
def test_the_slider_is_beside_its_label_or_below(browser: Any, file: Path, width: int) -> None:
    show(browser, file, width)
    left, right, top, bottom, *slider = browser.execute_script(PLACES)
    if width == 360:
        assert abs(slider[0] - left) < 2
        assert abs(slider[2] - bottom) < 20
    else:
        assert 0 < slider[0] - right < 40
        assert abs(slider[2] + slider[3] - top - bottom) < 4
    assert slider[1] - slider[0] > 100


def test_side_by_side_begins_on_the_first_screen(browser: Any, file: Path) -> None:
    show(browser, file, 1280)
    top = "return document.querySelector('#compare table').getBoundingClientRect().top"
    assert browser.execute_script(top) < 500


LEGEND = """
const chart = document.querySelector('#chart-0');
const symbols = [...chart.querySelectorAll('.role-legend-symbol path')];
const lines = [...chart.querySelectorAll('path[aria-roledescription="line mark"]')];
return [symbols, lines].map(paths => paths.map(path => {
  const style = getComputedStyle(path);
  return [style.stroke, style.strokeOpacity, style.opacity, style.strokeDasharray];
}));
"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_legend_has_the_strokes_of_the_lines(browser: Any, file: Path, scheme: str) -> None:
    show(browser, file, 1280, scheme)
    symbols, lines = browser.execute_script(LEGEND)
    assert len(symbols) == 2
    assert symbols == lines


@pytest.mark.parametrize("width", [360, 3840])
def test_nothing_is_cut_off(browser: Any, file: Path, width: int) -> None:
    show(browser, file, width)
    wide = browser.execute_script("return document.documentElement.scrollWidth")
    assert wide <= width
    hidden = browser.execute_script(
        "return [...document.querySelectorAll('.chart svg, td, th, dd')]"
        ".filter(e => e.getBoundingClientRect().right > innerWidth + 1)"
        ".map(e => e.outerHTML.slice(0, 200))"
    )
    assert hidden == []
    assert browser.get_log("browser") == []


CONTRAST = """
const curve = x => x <= .04045 ? x / 12.92 : ((x + .055) / 1.055) ** 2.4;
const light = c => { const v = c.map(x => curve(x / 255));
  return .2126 * v[0] + .7152 * v[1] + .0722 * v[2]; };
const rgb = text => text.match(/[\\d.]+/g).slice(0, 3).map(Number);
const paper = light(rgb(getComputedStyle(document.body).backgroundColor));
const inks = 'h1, p, dt, dd, th, td, a, summary, figcaption, button, label, output, .chart text';
return [...document.querySelectorAll(inks)]
  .map(e => { const s = getComputedStyle(e), ink = light(rgb(e.closest('svg') ? s.fill : s.color));
    return [(Math.max(ink, paper) + .05) / (Math.min(ink, paper) + .05), e.textContent]; })
  .filter(([ratio, text]) => ratio < 4.5 && text.trim() && !/asked for|^\\d+$/.test(text));
"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_contrast_is_enough(browser: Any, file: Path, scheme: str) -> None:
    show(browser, file, 1280, scheme)
    assert browser.execute_script("return document.documentElement.dataset.theme") == scheme
    assert browser.execute_script(CONTRAST) == []
    browser.find_element("id", "theme").click()
    assert browser.execute_script("return document.documentElement.dataset.theme") != scheme
    assert browser.execute_script(CONTRAST) == []


@pytest.mark.parametrize("width", [360, 1280, 3840])
def test_no_word_of_a_chart_is_cut_off(browser: Any, file: Path, width: int) -> None:
    show(browser, file, width)
    cut = "return [...document.querySelectorAll('.chart text')].map(e => e.textContent)"
    assert [each for each in browser.execute_script(cut) if each.endswith("…")] == []


def test_charts_grow_with_the_text_of_the_page(browser: Any, file: Path) -> None:
    sizes = []
    for width in (360, 3840):
        show(browser, file, width)
        script = "return [document.body, document.querySelector('.chart .role-axis-label text')]"
        found = browser.execute_script(
            f"{script}.map(e => parseFloat(getComputedStyle(e).fontSize))"
        )
        sizes.append(found)
    (text, label), (large_text, large_label) = sizes
    assert text == 16
    assert large_text > 1.7 * text
    assert large_label / label == pytest.approx(large_text / text, rel=0.02)
