import re
from collections import Counter
from dataclasses import dataclass, field, replace
from html.parser import HTMLParser
from pathlib import Path

import pandas as pd
import pytest

from probecast.evaluation.answer import gains_in_words, references_in_words
from probecast.report.page import write_report
from probecast.report.words import configuration, count, number, share, signed, with_error

VOID = {"meta", "link", "br", "img", "input", "hr"}


@dataclass
class Page(HTMLParser):
    """What a browser would find: elements with attributes and text, all closed in order."""

    tags: list[tuple[str, dict[str, str | None]]] = field(default_factory=list)
    text: str = ""
    open: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__()

    def handle_starttag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag
        if tag in ("th", "td", "p"):
            self.text += " "

    def handle_data(self, data):
        if self.open and self.open[-1] not in ("style", "script"):
            self.text += data

    def all(self, tag):
        return [attributes for name, attributes in self.tags if name == tag]

    def words(self):
        return " ".join(self.text.split())


def parse(path: Path) -> Page:
    page = Page()
    page.feed(path.read_text(encoding="utf-8"))
    page.close()
    assert page.open == []
    return page


@pytest.fixture(scope="module")
def study(make_study):
    return make_study(["digits", "load", "spoken"], sampled=True)


@pytest.fixture(scope="module")
def path(study, tmp_path_factory):
    path = tmp_path_factory.mktemp("report") / "index.html"
    write_report(path, **study)
    return path


def test_the_answer_comes_first(study, path):
    """The gain over the default, then every task's configuration; only then the reference."""
    text = path.read_text(encoding="utf-8")
    assert f"<h1>{gains_in_words(study['scores'])}</h1>" in text
    words = parse(path).words()
    answer = words[: words.index("How close to the best")]
    for task in study["tasks"]:
        assert f"{task.info.task} {configuration(task.prediction.configuration)}" in answer
    assert "0.800 [0.700, 0.900] 65 %" in answer
    assert references_in_words(study["scores"]) in words[len(answer) :]
    order = ("<h1>", "The answer for every task", "Gain over the default", "All tasks")
    assert sorted(order, key=text.index) == list(order)


def test_validation_stands_beside_test(study, path):
    text = parse(path).words()
    for row in study["scores"].query("role == 'predicted'").itertuples():
        test = with_error(row.test_mean, row.test_error)
        gain = f"{signed(row.gain)} ± {share(row.gain_error)}"
        default = study["scores"].query(f"role == 'default' and task == '{row.task}'").iloc[0]
        default = with_error(default["test_mean"], default["test_error"])
        assert f"{number(row.val_mean)} {test} {default} {gain} 1.6" in text


def test_the_study_file_is_quoted(study, path):
    assert " ".join(study["study_file"].split()) in parse(path).words()


def test_every_task_shows_choices_errors_and_costs(study, path):
    page = parse(path)
    text = page.words()
    anchors = {a.get("href") for a in page.all("a")}
    for task in study["tasks"]:
        assert f"#task-{task.info.task}" in anchors
        assert any(s.get("id") == f"task-{task.info.task}" for s in page.all("section"))
    row = study["scores"].query("role == 'predicted'").iloc[0]
    assert f"{row['test_mean']:.3f} ± {row['test_error']:.3f}" in text
    for role in study["scores"].itertuples():
        assert f"{role.chosen_from} {with_error(role.val_mean, role.val_error)}" in text
    assert {"✓ hit", "✗ miss"} & set(re.findall(r"[✓✗] \w+", text))


def test_beliefs_are_held_against_what_became_of_the_recommendations(study, path):
    """Empty where all came true or none: these tasks have only the one or the other."""
    page = parse(path)
    by_task = study["calibration"].set_index("task")
    assert by_task.loc["all", "recommendations"] == 9  # three of each at a cost that was paid
    for name, row in by_task.iterrows():
        cells = [count(row["recommendations"]), share(row["coverage"]), share(row["width"])]
        cells += [share(row["error"]), share(row["mean_probability"]), share(row["near_best"])]
        cells += [share(row["calibration_error"]), share(row["skill"]), number(row["area"])]
        assert " ".join([name, *cells]) in page.words()
    assert by_task.loc["digits-cnn", ["skill", "area"]].isna().all()
    assert by_task.loc["all", ["skill", "area"]].notna().all()
    (label,) = [
        f["aria-label"] for f in page.all("svg") if "80 % intervals that held" in f["aria-label"]
    ]
    assert "Over 9 recommendations" in label


def test_a_sampled_sweep_is_never_called_grid_search(path):
    page = parse(path)
    labels = [svg["aria-label"] for svg in page.all("svg")]
    assert "sampled reference (6 of 12 configurations)" in page.words()
    assert "grid search" not in page.words() + "".join(labels)


def test_a_whole_grid_is_called_grid_search(make_study, tmp_path):
    write_report(tmp_path / "index.html", **make_study(["digits"], sampled=False))
    text = parse(tmp_path / "index.html").words()
    assert "grid search (all 12 configurations)" in text
    assert "sampled" not in text


def test_nothing_is_fetched(path):
    page = parse(path)
    for tag, attributes in page.tags:
        for name in ("src", "href", "xlink:href", "srcset", "action", "data"):
            target = attributes.get(name)
            assert target is None or target.startswith(("#", "data:")), (tag, name, target)
    styles = path.read_text(encoding="utf-8")
    assert "@import" not in styles
    assert all(u.startswith("#") for u in re.findall(r"url\([\"']?([^)\"']*)", styles))


def test_every_figure_is_drawn_and_described(study, path):
    page = parse(path)
    figures = page.all("svg")
    assert len(figures) == 6 + 2 * len(study["tasks"])
    for figure in figures:
        assert figure["role"] == "img"
        assert len(figure["aria-label"]) > 40
    assert len(page.all("figcaption")) == len(figures)


def test_ids_are_unique_and_references_resolve(path):
    text = path.read_text(encoding="utf-8")
    page = parse(path)
    ids = Counter(a["id"] for _, a in page.tags if a.get("id"))
    assert [name for name, times in ids.items() if times > 1] == []
    references = set(re.findall(r'href="#([^"]+)"', text)) | set(
        re.findall(r"url\(#([^)]+)\)", text)
    )
    assert references <= set(ids)


def test_figures_follow_the_theme(path):
    text = path.read_text(encoding="utf-8")
    drawings = "".join(re.findall(r"<svg.*?</svg>", text, flags=re.DOTALL))
    assert "currentColor" in drawings
    # No white sheet behind, no black ink that would vanish on a dark page.
    assert "#ffffff" not in drawings
    assert "#000000" not in drawings


def test_names_are_escaped(make_study, tmp_path):
    path = tmp_path / "index.html"
    study = make_study(["<script>alert(1)</script>$x_1$"])
    study["study"]["note"] = "<img src=x onerror=alert(2)>"
    write_report(path, **study)

    page = parse(path)
    assert len(page.all("script")) == 1  # the page's own
    assert page.all("img") == []
    assert "<script>alert(1)</script>$x_1$-cnn" in page.words()


def test_one_task_is_an_answer_and_its_evidence(make_study, tmp_path):
    """No ranks and no test over tasks; all else is folded."""
    path = tmp_path / "index.html"
    study = make_study(["digits"], sampled=True)
    write_report(path, **study)
    page, text = parse(path), path.read_text(encoding="utf-8")
    task = study["tasks"][0]
    assert f"<h1>Train digits-cnn with {configuration(task.prediction.configuration)}</h1>" in text
    words = page.words()
    answer = words[: words.index("The evidence")]
    for expected in (
        "validation accuracy 0.800, between 0.700 and 0.900 (80 % sure)",
        "65 % that it comes within 5 % of the best. In 3 replays on the sweep,",
        "1.6 full training runs (8 epochs, 12 s of core time, 24 GFLOP)",
    ):
        assert expected in answer
    assert "Critical-difference" not in text
    assert "Wilcoxon" not in text
    assert text[: text.index("<details")].count("<svg") == 3
    assert "<details>\n<summary>All tuners by cost" in text
    assert "<details>\n<summary>Provenance" in text
    assert len(page.all("nav")) == 0


@pytest.mark.parametrize("count", [8, pytest.param(50, marks=pytest.mark.slow)])
def test_many_tasks(make_study, tmp_path, count):
    """Every task is folded, and of very many only one figure is drawn."""
    path = tmp_path / "index.html"
    write_report(path, **make_study([f"set{number}" for number in range(count)]))
    page = parse(path)
    assert sum(s.get("class") == "task" for s in page.all("section")) == count
    assert not [d for d in page.all("details") if "open" in d]
    figures = [svg["aria-label"] for svg in page.all("svg")]
    assert sum(label.startswith("Probes on") for label in figures) == count
    assert sum(label.startswith("What each choice") for label in figures) == count * (count < 12)
    assert path.stat().st_size < count * 200e3


def test_a_prediction_that_beats_the_sample_is_said_to(make_study, tmp_path):
    """Its hits are marked where the reference is weak, and who chose from how many is said."""
    study = make_study(["digits", "load", "spoken"], sampled=True, lucky=True)
    write_report(tmp_path / "index.html", **study)
    words = parse(tmp_path / "index.html").words()
    rows = study["scores"].query("role == 'predicted'")
    assert (rows["gap"] < -0.05).any()
    for row in rows[rows["gap"] < 0].itertuples():
        assert f"better than the best of 6 sampled configurations by {share(-row.gap)}" in words
    assert "within 5 % of the best of 6" not in words
    assert "within 5 % of the sampled reference" not in words
    assert "✓ hit, weak reference" in words
    assert "✓ hit ✓" not in words
    assert "The prediction chooses from the whole space, every other method from the" in words
    assert "probecast (predicted) 12 3 " in words
    assert "portfolio 6 3 " in words


def without_probecast(task):
    others = task.baselines[task.baselines["method"] != "probecast"]
    return replace(task, baselines=others, beliefs=task.beliefs.iloc[:0])


@pytest.mark.parametrize(
    ("methods", "cause"),
    [
        (
            ["random", "portfolio", "best_average"],
            "`baselines.methods` of the study file leaves out `probecast`",
        ),
        (
            ["probecast", "random", "portfolio", "best_average"],
            "probecast could not be replayed on any task's sweep",
        ),
    ],
)
@pytest.mark.parametrize("datasets", [["digits"], ["digits", "load"]])
def test_why_there_are_no_beliefs_to_judge(
    make_study, write_up, tmp_path, datasets, methods, cause
):
    tasks = [without_probecast(task) for task in make_study(datasets)["tasks"]]
    write_report(tmp_path / "index.html", **write_up(tasks) | {"methods": methods})
    words = parse(tmp_path / "index.html").words()
    assert words.count(cause) == 2  # beside the recommendation, and where beliefs are judged
    assert "Not replayed: probecast." in words
    assert "meta-encoder cannot judge" not in words


def test_too_few_configurations_are_no_ranking_of_hyperparameters(path):
    words = parse(path).words()
    assert (
        "Which hyperparameters mattered is not said of digits-cnn, load-cnn, spoken-cnn: 6 "
        "configurations are too few to rank 2 hyperparameters: at least 20 are needed." in words
    )
    assert "functional ANOVA" not in path.read_text(encoding="utf-8")


def test_equal_inputs_give_equal_bytes_also_through_the_files(study, path, tmp_path):
    again = dict(study)
    for name in ("scores", "summary", "importance"):
        study[name].to_csv(tmp_path / name, index=False)
        again[name] = pd.read_csv(tmp_path / name)
    write_report(tmp_path / "index.html", **again)
    assert (tmp_path / "index.html").read_bytes() == path.read_bytes()


def test_provenance_names_study_data_machine_and_encoder(path):
    text = parse(path).words()
    for expected in (
        "file made_up.yaml",
        "packages.numpy 2.4",
        "machine 2 cores of something",
        "train 0123abcd",
        "seeds of the final trainings 7, 8, 9",
        "load-cnn 00000001 one-cnn, other-lstm",
    ):
        assert expected in text


def test_tables_scroll_inside_the_page(path):
    text = path.read_text(encoding="utf-8")
    tables = len(re.findall("<table", text))
    assert len(re.findall(r'<div class="scroll"[^>]*>\s*<table', text)) == tables
