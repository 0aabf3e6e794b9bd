"""What a reader sees of a finished study, in a real browser: headless Chromium.

Continuous integration must not skip this; elsewhere a missing browser skips it.
"""

import os
import shutil
from importlib.util import find_spec

import pytest

CHROMIUM = shutil.which("chromium")
MISSING = (
    "needs Chromium: apt-get install chromium"
    if CHROMIUM is None
    else "needs playwright and axe-playwright-python, as pinned in requirements.lock"
    if find_spec("playwright") is None or find_spec("axe_playwright_python") is None
    else ""
)
if MISSING and os.environ.get("BROWSER_TESTS") == "required":
    raise RuntimeError(f"the browser tests are required here: {MISSING}")
pytestmark = [
    *(pytest.mark.study, pytest.mark.slow),
    pytest.mark.skipif(bool(MISSING), reason=MISSING),
]

WIDE, NARROW = {"width": 1280, "height": 900}, {"width": 360, "height": 740}
VIEWS = {
    "wide": {"viewport": WIDE},
    "dark": {"viewport": WIDE, "color_scheme": "dark"},
    "narrow": {"viewport": NARROW},
    "narrow dark": {"viewport": NARROW, "color_scheme": "dark"},
}

EVALUATED = (
    "headline.json",
    "scores.csv",
    "summary.csv",
    "calibration.csv",
    "importance.csv",
    "architectures.csv",
)

# Figures that are empty or leave their box, and words that leave their figure.
MISPLACED = """() => {
  const found = [];
  const inside = (a, b) => a.left >= b.left - 1 && a.right <= b.right + 1
    && a.top >= b.top - 1 && a.bottom <= b.bottom + 1;
  for (const svg of document.querySelectorAll("figure svg")) {
    const name = svg.getAttribute("aria-label"), box = svg.getBoundingClientRect();
    if (box.width < 200 || box.height < 60) found.push(name + ": not drawn");
    if (svg.querySelectorAll("path, use").length < 5) found.push(name + ": empty");
    if (!inside(box, svg.closest("figure").getBoundingClientRect()))
      found.push(name + ": outside its box");
    for (const text of svg.querySelectorAll("text"))
      if (!inside(text.getBoundingClientRect(), box))
        found.push(name + ": outside is " + text.textContent);
  }
  return found;
}"""


@pytest.fixture(scope="module")
def browser():
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox", "--disable-dev-shm-usage"]
        )
        yield chromium
        chromium.close()


def opened(browser, path, **view):
    """Return a loaded page, what its console says, and all addresses that it asks for."""
    page = browser.new_page(**view)
    page.set_default_timeout(120_000)  # on a busy machine
    console, asked = [], []
    page.on("console", lambda message: console.append(f"{message.type}: {message.text}"))
    page.on("pageerror", lambda error: console.append(f"error: {error}"))
    page.on("request", lambda request: asked.append(request.url))
    page.goto(path.as_uri())
    return page, console, asked


@pytest.fixture(scope="module")
def path(finished):
    return finished.folder / "results/report/index.html"


@pytest.fixture(scope="module")
def page(browser, path):
    """The page on a desk, in light; read only."""
    return opened(browser, path, **VIEWS["wide"])[0]


@pytest.fixture(params=VIEWS)
def view(browser, path, request):
    page, *_ = opened(browser, path, **VIEWS[request.param])
    yield page
    page.close()


def test_it_loads_without_complaint_and_fetches_nothing(browser, path):
    page, console, asked = opened(browser, path)
    page.wait_for_load_state("networkidle")
    assert console == []
    assert [address for address in asked if not address.startswith("data:")] == [path.as_uri()]


def test_every_figure_is_drawn_and_inside_its_box(view):
    assert view.locator("figure svg").count() == 6 + 2 * 2  # of the study and of its two tasks
    assert view.evaluate(MISPLACED) == []


def test_nothing_scrolls_sideways_but_tables(view):
    view.evaluate("document.querySelectorAll('details').forEach((one) => (one.open = true))")
    assert view.evaluate("document.documentElement.scrollWidth - window.innerWidth") <= 0


def test_it_is_accessible(view):
    from axe_playwright_python.sync_playwright import Axe

    view.evaluate("document.querySelectorAll('details').forEach((one) => (one.open = true))")
    found = Axe().run(view).response["violations"]
    assert [(rule["id"], [node["html"][:200] for node in rule["nodes"]]) for rule in found] == []


def test_a_click_or_a_key_on_a_columns_head_sorts_the_table(browser, path):
    page, *_ = opened(browser, path)
    rows = "#methods tbody tr td:nth-child(4)"
    values = f"[...document.querySelectorAll('{rows}')].map((cell) => Number(cell.dataset.value))"
    head = page.locator("#methods th", has_text="within 5 %")
    head.get_by_role("button").click()
    assert head.get_attribute("aria-sort") == "ascending"
    assert page.evaluate(values) == sorted(page.evaluate(values))
    head.get_by_role("button").press("Enter")
    assert head.get_attribute("aria-sort") == "descending"
    assert page.evaluate(values) == sorted(page.evaluate(values), reverse=True)
    assert len(set(page.evaluate(values))) > 1


def test_the_first_screen_is_the_answer(page):
    """What to train with, what to expect and the gain, before any comparison of methods."""
    for place in ("h1", "#answer table", "#answer figure svg"):
        assert page.locator(place).bounding_box()["y"] < WIDE["height"], place
    assert page.locator("#tasks").bounding_box()["y"] > page.locator("#answer").bounding_box()["y"]


def test_a_link_to_a_folded_task_opens_it(browser, path):
    page, *_ = opened(browser, path, **VIEWS["wide"])
    page.evaluate("document.querySelectorAll('details').forEach((one) => (one.open = false))")
    page.locator("#answer").get_by_role("link", name="load-lstm").click()
    assert page.locator("#task-load-lstm > details").get_attribute("open") is not None
    assert page.locator("#task-digits-cnn > details").get_attribute("open") is None


def test_links_lead_somewhere(browser, path):
    page, *_ = opened(browser, path, **VIEWS["wide"])
    targets = page.eval_on_selector_all("a", "links => links.map((a) => a.getAttribute('href'))")
    assert {"#tasks", "#provenance", "#task-digits-cnn", "#task-load-lstm"} <= set(targets)
    for target in set(targets):
        assert page.locator(target).count() == 1, target
    page.locator("#answer").get_by_role("link", name="load-lstm").click()
    assert -1 <= page.locator("#task-load-lstm").bounding_box()["y"] < WIDE["height"] / 2


def test_print_is_light_shows_what_is_folded_and_fits_the_sheet(browser, path):
    sheet = {"width": 718, "height": 1047}  # A4 less its margins, at 96 dots per inch
    page, *_ = opened(browser, path, viewport=sheet, color_scheme="dark")
    page.emulate_media(media="print")
    assert page.locator("details table").first.is_visible()
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    assert page.evaluate("document.documentElement.scrollWidth") <= sheet["width"]
    assert page.evaluate(MISPLACED) == []
    assert len(page.pdf(format="A4")) > 50_000


def test_snakemakes_own_report(browser, finished, tmp_path):
    """Every result with its caption, the graph of the workflow, and what its jobs took."""
    project = finished.copy(tmp_path / "project")
    project.snakemake("--report", "report.html")
    page, console, asked = opened(browser, project.folder / "report.html", **VIEWS["wide"])
    page.wait_for_load_state("networkidle")
    assert [message for message in console if message.startswith("error")] == []
    assert [address for address in asked if address.startswith("http")] == []

    shown = page.evaluate("results")
    evaluated = {f"results/evaluate/{name}" for name in EVALUATED}
    assert {*evaluated, "results/report/index.html", "results/predictions/digits-cnn.json"} <= set(
        shown
    )
    for path, result in shown.items():
        assert result["caption"], path
        assert result["labels"], path
    assert set(page.evaluate("categories")) == {"Results", "Tasks", "Meta-encoders"}

    page.get_by_text("Workflow", exact=True).first.click()
    page.locator("#rulegraph svg, #rulegraph canvas").first.wait_for()
    page.get_by_text("Statistics", exact=True).first.click()
    for chart in ("#runtimes", "#timeline"):
        page.locator(f"{chart} svg, {chart} canvas").first.wait_for()
