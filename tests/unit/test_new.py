"""A study file is made from data as they are: what is seen is true, what is written runs."""

import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest
import yaml

from kit.own_files import csv_lines, series_csv, texts_csv, write_images, write_recordings
from probecast.errors import ProbecastError
from probecast.new.__main__ import main
from probecast.study.load import load_study

REVIEWS = csv_lines(
    "id,text,stars,date",
    *(
        f"{1000 + i},{'so ' * (i % 3)}it was film number {i},{i % 4 + 1},2024-01-{i % 28 + 1:02}"
        for i in range(60)
    ),
)
"""As people have them: beside texts and classes there are numbers and times."""


@pytest.fixture
def new(tmp_path, monkeypatch, capsys):
    """Run the program where the tables lie; return the study's task, its dataset and the output.

    The study is loaded as Snakemake's rules do it, relative paths from the Snakefile's folder.
    """
    monkeypatch.chdir(tmp_path)
    (tmp_path / "Snakefile").touch()

    def run(*words, out="study.yaml"):
        main([*words, "--out", out, "--force"])
        study = load_study(yaml.safe_load(Path(out).read_text()), out, tmp_path)
        (task,), (dataset,) = study.tasks, study.datasets.values()
        return task, dataset, capsys.readouterr().out

    return run


def refused(*words):
    """The one message that ends the program."""
    with pytest.raises(ProbecastError) as error:
        main([*words, "--out", "study.yaml"])
    assert not Path("study.yaml").exists()
    return str(error.value)


def test_an_installed_package_has_no_workflow(tmp_path, monkeypatch):
    (tmp_path / "reviews.csv").write_text(REVIEWS)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("probecast.new.__main__.SNAKEFILE", tmp_path / "Snakefile")
    assert "has no Snakefile, which runs a study file; clone" in refused("reviews.csv")


def test_texts_beside_numbers_and_times(new, tmp_path):
    (tmp_path / "reviews.csv").write_text(REVIEWS)
    task, dataset, said = new("reviews.csv")
    assert task == "reviews-rnn"
    assert dataset.own.files == {"train": str(tmp_path / "reviews.csv")}
    assert (dataset.own.columns.text, dataset.own.columns.label) == ("text", "stars")
    assert (dataset.train_rows, dataset.val_rows, dataset.test_rows) == (39, 9, 12)
    for seen in (
        "times: date; numbers: id, stars",
        "columns that are not read: id, date",
        "classes: 4: 1 15, 2 15, 3 15, 4 15",
        "rows: train 48, test 12",
        "test is 20% of the training rows, drawn by seed",
    ):
        assert seen in said
    command = "snakemake --cores 2 results/predictions/reviews-rnn.json --configfile study.yaml"
    assert said.splitlines()[-1] == command
    assert f"#   {command}\n" in Path("study.yaml").read_text()


@pytest.mark.parametrize("name", ["mine.parquet", "mine.jsonl", "mine.csv.gz", "mine.tsv"])
def test_any_format_that_a_study_reads(new, name):
    rows = pd.DataFrame(
        {"said": [f"{'so ' * (i % 3)}text number {i}" for i in range(30)], "kind": [0, 1, 1] * 10}
    )
    if name.endswith("parquet"):
        rows.to_parquet(name)
    elif name.endswith("jsonl"):
        rows.to_json(name, orient="records", lines=True)
    else:
        rows.to_csv(name, sep="\t" if name.endswith("tsv") else ",")  # with row numbers
    task, dataset, said = new(name)
    assert task == "mine-rnn"
    assert (dataset.own.columns.text, dataset.own.columns.label) == ("said", "kind")
    assert "classes: 2: 1 20, 0 10" in said


def test_a_pattern_and_files_to_test_and_validate_on(new):
    for name in ("a-1.csv", "a-2.csv", "test.csv", "dev.csv"):
        Path(name).write_text(texts_csv())
    _, dataset, said = new("a-*.csv", "--test", "test.csv", "--val", "dev.csv")
    assert [Path(path).name for path in dataset.own.files.values()] == [
        *("a-*.csv", "test.csv", "dev.csv")
    ]
    assert "rows: train 40, test 20, val 20" in said


def test_a_column_of_splits_is_used_and_no_class(new):
    rows = texts_csv(40).splitlines()
    parts = ["split", *(["train"] * 28 + ["test"] * 6 + ["dev"] * 6)]
    Path("mine.csv").write_text(csv_lines(*map(",".join, zip(rows, parts, strict=True))))
    _, dataset, said = new("mine.csv")
    assert dataset.own.columns.label == "label"
    assert "as column 'split' says, train, dev, test" in said


def test_a_class_that_is_rare_among_many_rows_is_kept(new, monkeypatch):
    monkeypatch.setattr("probecast.new.__main__.within_time", lambda rows, seconds: 20)
    labels = ["rare" if i == 50 else ["yes", "no"][i % 2] for i in range(200)]
    rows = [f"{'so ' * (i % 3)}text number {i},{label}" for i, label in enumerate(labels)]
    Path("mine.csv").write_text(csv_lines("text,label", *rows))
    _, dataset, said = new("mine.csv")
    assert "rare 1" in said
    assert dataset.train_rows > 20


def test_series(new):
    lines = series_csv(300).splitlines()
    notes = ["note", *(f"day of note {i}" for i in range(300))]
    Path("sales.csv").write_text(csv_lines(*map(",".join, zip(lines, notes, strict=True))))
    task, dataset, said = new("sales.csv", "--time", "timestamp")
    assert task == "sales-lstm"
    assert (dataset.own.columns.timestamp, dataset.own.columns.values) == ("timestamp", ["a", "b"])
    assert "read as %Y-%m-%dT%H:%M" in said
    assert "step: 1:00:00, without a gap" in said
    assert dataset.sequence_length == 48
    _, dataset, _ = new("sales.csv", "--values", "b")
    assert dataset.own.columns.values == ["b"]


def test_a_short_series_has_short_windows(new):
    Path("sales.csv").write_text(series_csv(150, step="D"))
    _, dataset, _ = new("sales.csv")
    assert dataset.sequence_length == 36


def test_images_in_class_folders(new, tmp_path):
    write_images(tmp_path / "photos", classes=("cat", "dog", "owl"), count=10)
    task, dataset, said = new("photos/")
    assert task == "photos-cnn"
    assert dataset.own.folder == f"{tmp_path}/photos"
    assert dataset.resolution == 6
    assert "classes: 3: cat 10, dog 10, owl 10" in said


def test_images_in_a_table(new, tmp_path):
    files = sorted(write_images(tmp_path / "photos", count=10).glob("*/*.png"))
    images = [{"bytes": file.read_bytes(), "path": file.name} for file in files]
    kinds = [file.parent.name for file in files]
    pd.DataFrame({"picture": images, "kind": kinds}).to_parquet("mine.parquet")
    task, dataset, _ = new("mine.parquet")
    assert task == "mine-cnn"
    assert (dataset.own.columns.image, dataset.own.columns.label) == ("picture", "kind")


def test_images_that_a_table_describes(new, tmp_path):
    folder = write_images(tmp_path / "photos", count=10)
    rows = [f"{kind}/{i}.png,{kind},{i}.5" for kind in ("cat", "dog") for i in range(10)]
    (folder / "metadata.csv").write_text(csv_lines("file_name,animal,weight", *rows))
    task, dataset, said = new("photos")
    assert task == "photos-cnn"
    assert dataset.own.columns.label == "animal"
    assert "numbers: weight" in said


def test_recordings_beside_their_transcripts(new, tmp_path):
    texts = [f"this is {word} number" for word in ("one", "two", "six", "ten") for _ in range(4)]
    write_recordings(tmp_path / "voices", texts, header="file_name,said")
    task, dataset, _ = new("voices")
    assert task == "voices-deepspeech"
    assert dataset.own.columns.transcript == "said"


def test_what_cannot_be_decided_is_asked_for_at_once(new):
    rows = [f"title of {i},{'so ' * (i % 3)}body text of {i},{i % 2},{i % 3}" for i in range(30)]
    Path("mine.csv").write_text(csv_lines("title,body,kind,part", *rows))
    said = refused("mine.csv")
    assert "the text may be title or body, which cannot be decided" in said
    assert "the label may be kind (0, 1) or part (0, 1, 2)" in said
    assert "--text title" in said and "--label kind" in said
    _, dataset, _ = new("mine.csv", "--text", "body", "--label", "part")
    assert (dataset.own.columns.text, dataset.own.columns.label) == ("body", "part")


def test_usual_names_decide(new):
    rows = [f"{'so ' * (i % 3)}body text of {i},title of {i},{i % 2},{i % 3}" for i in range(30)]
    Path("mine.csv").write_text(csv_lines("text,title,label,part", *rows))
    _, dataset, _ = new("mine.csv")
    assert (dataset.own.columns.text, dataset.own.columns.label) == ("text", "label")


def test_days_or_months_are_asked_for(new):
    rows = [f"0{1 + i % 3}/0{1 + i // 3}/2024,{i},{i % 2}" for i in range(9)]
    Path("mine.csv").write_text(csv_lines("when,a,b", *rows))
    said = refused("mine.csv")
    assert "write `dates: day_first` or `dates: month_first`" in said
    assert said.endswith("Here that is the option --dates.")


def test_rows_in_succession(new):
    rows = [f"{i % 7},{i % 5}.5" for i in range(150)]
    Path("mine.csv").write_text(csv_lines("a,b", *rows))
    assert "--steps rows" in refused("mine.csv")
    _, dataset, said = new("mine.csv", "--steps", "rows")
    assert dataset.own.steps == "rows"
    assert "rows follow one another as they stand" in said


@pytest.mark.parametrize(
    ("content", "words", "message"),
    [
        (None, [], "there is no such file"),
        ("", [], "the file is empty"),
        ("text,label\n", [], "has no rows"),
        ("text;label\na b;1\nc d;0\n", [], "text;label"),
        (csv_lines("a,b", "1,2.5", "3,4.5"), [], "numbers: a, b"),
        (texts_csv(), ["--label", "labl"], "Did you mean 'label'"),
        (texts_csv(), ["--metric", "f1"], "the option --metric"),
        (texts_csv(), ["--test", "no.csv"], "no.csv: there is no such file"),
        (series_csv(40), [], "no window"),
        (series_csv(changes={3: "NA"}), [], "the option --values"),
    ],
)
def test_bad_input_is_one_message(new, content, words, message):
    if content is not None:
        Path("mine.csv").write_text(content)
    said = refused("mine.csv", *words)
    assert message in said
    assert "probecast-" not in said  # the folder for the time being


def test_folders_of_other_things(new, tmp_path):
    (tmp_path / "tables").mkdir()
    (tmp_path / "tables" / "a.csv").write_text(texts_csv())
    assert "name them as a file or a pattern: 'tables/*.csv'" in refused("tables")
    (tmp_path / "none").mkdir()
    assert "neither images nor recordings" in refused("none")


def test_nothing_is_written_over(new):
    Path("mine.csv").write_text(texts_csv())
    Path("mine.yaml").write_text("mine")
    with pytest.raises(ProbecastError, match=r"mine\.yaml: is there already; .*--force"):
        main(["mine.csv"])
    assert Path("mine.yaml").read_text() == "mine"
    with pytest.raises(ProbecastError, match=r"no/mine\.yaml: cannot be written"):
        main(["mine.csv", "--out", "no/mine.yaml"])
    with pytest.raises(ProbecastError, match="in quotes, such as"):
        main(["mine.csv", "other.csv", "--out", "other.yaml"])


def test_elsewhere_paths_are_absolute_and_the_snakefile_is_named(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    Path("Imdb.csv").write_text(texts_csv())
    main(["Imdb.csv"])
    said = capsys.readouterr().out
    assert "--snakefile" in said
    assert "results/predictions/my_imdb-rnn.json" in said  # the shipped encoder knows IMDb
    written = yaml.safe_load(Path("my_imdb.yaml").read_text())
    assert written["datasets"]["my_imdb"]["own"]["files"] == {"train": f"{tmp_path}/Imdb.csv"}


def test_an_error_in_the_shell_is_one_line(tmp_path):
    command = [sys.executable, "-m", "probecast.new", str(tmp_path / "none.csv")]
    folder = Path(__file__).parents[2] / "workflow"
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr.startswith("Error: ") and done.stderr.count("\n") == 1
