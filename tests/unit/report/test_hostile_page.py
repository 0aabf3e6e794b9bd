"""Whatever names and values come from elsewhere, the page and its figures show them as text."""

from dataclasses import replace
from xml.etree import ElementTree

import pandas as pd
from test_page import parse

from probecast.learner.recommendation import EncoderUsed
from probecast.report.drawing import picture, sheet, style
from probecast.report.figures.regret import regret_figure
from probecast.report.page import write_report

HOSTILE = (
    "<script>alert(1)</script><img src=x onerror=alert(2)>\"'&amp;$x_1$]]>--></svg>"
    '<svg onload=alert(3)>" onclick="alert(4)" id="page" {{ 7 * 7 }} $(rm -rf /) `id` \u202e'
)
VALUE = HOSTILE[:99]  # a value has at most 100 characters


def hostile_task(task):
    """The task with hostile words wherever a data set, a table or an encoder may bring them."""

    def hostile(table):
        return replace(
            table, info=replace(table.info, machine=HOSTILE, precision=HOSTILE, metric=HOSTILE)
        )

    return replace(
        task,
        sweep=hostile(task.sweep),
        probes=hostile(task.probes),
        final=hostile(task.final),
        baselines=task.baselines.replace({"method": {"someone_elses": HOSTILE}}),
        prediction=task.prediction.model_copy(
            update={"meta_encoder": EncoderUsed(hash=HOSTILE, sources_used=[HOSTILE])}
        ),
    )


def check(page):
    """Nothing but the page's own script, figures and attributes."""
    assert len(page.all("script")) == 1
    assert page.all("img") == []
    assert all(figure.get("role") == "img" or "x" in figure for figure in page.all("svg"))
    assert [a for _, attributes in page.tags for a in attributes if a.startswith("on")] == []


def test_hostile_words_stay_words(make_study, tmp_path, monkeypatch):
    made_up = make_study.__globals__
    strange = [{**configuration, HOSTILE: VALUE} for configuration in made_up["GRID"]]
    monkeypatch.setitem(made_up, "GRID", strange)
    monkeypatch.setitem(made_up, "DEFAULT", {**made_up["DEFAULT"], HOSTILE: VALUE})
    study = make_study(["digits", "load"])
    study["tasks"] = [hostile_task(task) for task in study["tasks"]]
    study["study"] = {HOSTILE: HOSTILE, "packages": {HOSTILE: [HOSTILE]}}
    study["study_file"] = f"name: {HOSTILE}"
    study["specs"] = [
        replace(spec, provenance={"classes": [HOSTILE, HOSTILE], "vocabulary": {HOSTILE: HOSTILE}})
        for spec in study["specs"]
    ]
    hostile = {"study": HOSTILE, "saturated_tasks": [HOSTILE]}
    study["headline"] = study["headline"].model_copy(update=hostile)
    path = tmp_path / "hostile.html"
    write_report(path, **study)

    page = parse(path)
    check(page)
    words = page.words()
    for place in ("study", "name:", "machine", "precision", "classes"):
        assert f"{place} {HOSTILE}" in words
    assert f"{HOSTILE} {HOSTILE}" in words  # an encoder's hash and its sources
    assert words.count(VALUE) > 50  # every configuration is spelt with it, too
    assert "{{ 7 * 7 }}" in words and "49 }}" not in words


def test_a_hostile_task_name_stays_a_name(make_study, tmp_path):
    path = tmp_path / "index.html"
    write_report(path, **make_study([HOSTILE, "digits"]))
    check(parse(path))


def test_figures_in_files_of_their_own_are_whole(make_study):
    runs = pd.concat([task.baselines for task in make_study(["digits", "load"])["tasks"]])
    runs = runs.replace({"method": {"someone_elses": HOSTILE}})
    text = sheet(regret_figure(runs, HOSTILE, 0))
    root = ElementTree.fromstring(text)  # well-formed
    tags = {element.tag.rpartition("}")[2] for element in root.iter()}
    assert not tags & {"script", "img", "foreignObject", "iframe"}
    assert not [a for element in root.iter() for a in element.attrib if a.startswith("on")]
    assert HOSTILE.split(">")[0] in "".join(root.itertext())


@style
def test_words_drawn_into_a_figure_stay_words():
    from matplotlib.figure import Figure

    figure = Figure()
    figure.subplots().set_title(HOSTILE)
    shown = picture(figure, HOSTILE, HOSTILE, HOSTILE)
    root = ElementTree.fromstring(str(shown.svg))
    assert not [a for element in root.iter() for a in element.attrib if a.startswith("on")]
    assert HOSTILE in "".join(root.itertext())
