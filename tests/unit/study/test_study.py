import copy
import re
from pathlib import Path

import pytest
import yaml

from kit.small_study import FIXED, HISTORY, ROOT, SMALL, load
from probecast.errors import ProbecastError
from probecast.space import config_id
from probecast.study.checks import PATTERNS
from probecast.study.load import load_study
from probecast.study.model import Study
from probecast.training.settings import TrainingChanges, TrainingSettings

STUDIES = [ROOT / "config.yaml", *sorted((ROOT / "studies").glob("*.yaml"))]
PIECES = {"source": "docs_kind", "pretrained": "minilm"}
OWN_TEXTS = {"modality": "text", "files": {"train": "t.csv"}}
ONE = {"choices": [1]}
TABLE = {"path": "../t.csv", "metric": "how good", "higher_is_better": True}

DEFAULT = SMALL["default_configuration"]
RATES = {"learning_rate": {"low": 0.001, "high": 0.1, "scale": "log"}}


@pytest.mark.parametrize("path", STUDIES, ids=lambda path: path.name)
def test_shipped_studies_are_valid(path):
    study = load_study(yaml.safe_load(path.read_text()), path.name, ROOT)
    if not study.tasks:
        assert study.sources or study.name in study.tables or len(study.tables) > 1
        return
    if study.finetuning:
        assert study.space.size == 9 * 3 * 3 * 3
        return
    if study.space is None:
        assert all(study.architecture(task).space for task in study.tasks)
        return
    assert study.space.size == 486
    assert set(study.default_configuration.values()) == {0.001, 64, 3, 128, 0.1, "Adam"}


def test_full_study_sweeps_the_complete_grid_in_chunks():
    study = load_study(yaml.safe_load((ROOT / "studies/full.yaml").read_text()), "f", ROOT)
    chunks = [study.chunk("mnist-cnn", i) for i in study.chunks("mnist-cnn")]
    assert len({config_id(c) for chunk in chunks for c in chunk}) == 486
    assert sum(map(len, chunks)) == 486


def test_defaults_are_filled():
    study = load()
    assert study.seed == 0
    assert study.final.seeds == 3
    assert study.dataset("load").val_rows is None
    assert study.download_settings("load").rows["train"] == 1200  # 200 of them for validation


def test_all_tasks_of_an_architecture_share_the_sampled_configurations():
    study = load(
        tasks=["digits-cnn", "glyphs-cnn"],
        sweep={"configurations": 4},
    )
    assert study.swept("digits-cnn") == study.swept("glyphs-cnn")
    assert len(study.swept("digits-cnn")) == 4


def test_sources_and_exceptions_have_sweeps_of_their_own_size():
    study = load(
        sources=["glyphs-cnn", "spoken-deepspeech"],
        sweep={
            "configurations": "all",
            "source_configurations": 3,
            "by_task": {"load-lstm": 2, "spoken-deepspeech": 5},
        },
    )
    sizes = {task: len(study.swept(task)) for task in study.all_tasks}
    assert sizes == {"digits-cnn": 6, "load-lstm": 2, "glyphs-cnn": 3, "spoken-deepspeech": 5}
    smallest, small = study.swept("load-lstm"), study.swept("glyphs-cnn")
    assert smallest == small[:2]
    assert small == study.swept("spoken-deepspeech")[:3]


def test_a_share_of_the_evaluated_tasks_trials_is_repeated_with_another_seed():
    study = load(sources=["glyphs-cnn"], sweep={"repeated": 0.5})
    repeated = study.repeated("digits-cnn")
    assert len(repeated) == 3
    assert all(configuration in study.swept("digits-cnn") for configuration in repeated)
    assert study.repeated("glyphs-cnn") == []
    assert study.repeat_seed != study.sweep_seed
    assert load().repeated("digits-cnn") == []


def test_a_folder_of_finished_tables_counts_from_the_base():
    assert load(sweep={"tables": "studies"}).sweep.tables == str(ROOT / "studies")


def test_paths_of_histories_count_from_the_base_but_those_of_a_server(base):
    paths = ["runs.db", "mysql://host/runs", "sqlite:///runs.db"]
    given = {f"from_{i}": {**HISTORY, "path": path} for i, path in enumerate(paths)}
    read = load(base, history=given).history.values()
    assert [own.path for own in read] == [f"{base}/runs.db", paths[1], f"sqlite:///{base}/runs.db"]
    assert [own.file for own in read] == [f"{base}/runs.db", None, f"{base}/runs.db"]


def test_a_job_of_many_trials_says_how_many():
    study = load(sweep={"configurations": "all", "trials_per_job": 4, "repeated": 0.5})
    of_task = {"task": "digits-cnn"}
    chunks = [study.trials_of("sweep", {**of_task, "chunk": str(i)}) for i in range(2)]
    assert chunks == [3, 3]
    assert study.trials_of("repeat", of_task) == 3
    assert study.trials_of("finetune", {"settings": "predicted"}) == 3
    assert study.trials_of("probe", of_task) == 0


def test_a_target_of_something_that_the_study_has_not_is_refused():
    study = load(tables={"bench": TABLE})
    assert study.check_task("load-lstm") == "load-lstm"
    assert study.named("tables", "bench").metric == TABLE["metric"]
    with pytest.raises(
        ProbecastError,
        match=r"^my\.yaml: tasks: found no 'digits-cn'; name it there, or correct the target\. "
        "Did you mean 'digits-cnn'",
    ):
        study.check_task("digits-cn")
    with pytest.raises(ProbecastError, match=r"^my\.yaml: tables: found no 'bnch'; .*'bench'"):
        study.named("tables", "bnch")


def test_of_a_space_with_ranges_a_sample_is_swept_unless_it_is_smaller():
    fixed = {name: {"choices": [value]} for name, value in FIXED.items()}
    rate = {"learning_rate": {"choices": [0.001]}}
    for largest, size in ((1000, 24), (5, 4)):
        layers = {"layers": {"low": 2, "high": largest, "type": "integer"}}
        study = load(tasks=["digits-cnn"], space={**rate, **layers, **fixed})
        assert len(study.swept("digits-cnn")) == size


def test_seeds_of_stages_differ():
    study = load()
    seeds = [study.sweep_seed, *study.final_seeds]
    assert len(set(seeds)) == len(seeds)
    assert load(seed=1).sweep_seed != study.sweep_seed


def test_relative_mirror_counts_from_the_base():
    study = load_study({**SMALL, "datasets": {"digits": {"mirror": "data/d"}}}, "f", Path("/base"))
    assert study.download_settings("digits").mirror == "/base/data/d"


def test_architecture_may_have_its_own_space():
    study = load(
        architectures={
            "lstm": {
                "space": {**SMALL["space"], **RATES, "momentum": {"choices": [0.5]}},
                "default_configuration": {**DEFAULT, "learning_rate": 0.01, "momentum": 0.5},
            }
        },
        sweep={"configurations": 3},
    )
    assert ["momentum" in c for c in study.swept("load-lstm")] == [True] * 3
    assert study.default_of("load-lstm") == {**DEFAULT, "learning_rate": 0.01, "momentum": 0.5}
    assert study.default_of("digits-cnn") == DEFAULT


def test_a_study_needs_no_space_where_every_architecture_has_its_own():
    own = {"space": SMALL["space"], "default_configuration": SMALL["default_configuration"]}
    study = load(space=None, default_configuration=None, architectures={"cnn": own, "lstm": own})
    assert study.space_of("digits-cnn").size == 6
    with pytest.raises(ProbecastError, match="space: required"):
        load(space=None, default_configuration=None, architectures={"cnn": own})


def test_architecture_may_change_a_part_of_the_training():
    study = load(architectures={"lstm": {"training": {"epochs": 2}}})
    assert study.training_of("digits-cnn") == study.training
    assert study.training_of("load-lstm").epochs == 2
    assert study.training_of("load-lstm").clip_norm == study.training.clip_norm
    assert study.space_of("load-lstm") == study.space
    assert study.default_of("load-lstm") == study.default_of("digits-cnn")


def test_own_network_is_named_by_its_file_and_may_have_any_hyperparameters():
    space = {"layers": {"choices": ["few", "many"]}, "dropout": {"choices": [10, 20]}}
    default = {**DEFAULT, "layers": "few", "dropout": 10}
    own = {
        "file": "studies/my_net.py",
        "space": {**SMALL["space"], **space},
        "default_configuration": default,
    }
    study = load(tasks=["digits-mine", "digits-cnn"], architectures={"mine": own})
    assert study.network_of("digits-mine") == f"{ROOT}/studies/my_net.py:build"
    assert study.network_of("digits-cnn") == "cnn"
    assert study.default_of("digits-mine") == default


def test_all_of_the_training_can_be_changed():
    assert TrainingChanges.model_fields.keys() == TrainingSettings.model_fields.keys()


def test_relative_folder_of_an_encoder_counts_from_the_base():
    encoders = {"docs_kind": "./mine", "docs_topic": "minilm", "imdb": "some/model"}
    datasets = {name: {"pretrained": encoder} for name, encoder in encoders.items()}
    study = load_study({**SMALL, "datasets": datasets}, "f", Path("/base"))
    assert {name: study.preprocess_settings(name).pretrained for name in encoders} == {
        **encoders,
        "docs_kind": "/base/mine",
    }


def test_a_study_of_tables_needs_no_tasks():
    study = load_study({"name": "tables", "tables": {"bench": TABLE}}, "f", Path("/base/here"))
    assert study.tables["bench"].path == "/base/t.csv"
    assert study.tables["bench"].columns.epoch == "epoch"
    assert study.replay.costs == [1.5, 2, 3, 5, 10]


@pytest.fixture
def base(tmp_path):
    """A folder with the file of ``HISTORY``."""
    (tmp_path / "runs.db").touch()
    return tmp_path


@pytest.mark.parametrize("path", ["runs.dbb", "sqlite:///runs.dbb", "runs.csv", "n" * 300])
def test_the_file_of_a_history_must_be_there(base, path):
    own = {**HISTORY, "path": path, "higher_is_better": True}
    name = path.removeprefix("sqlite:///")
    with pytest.raises(ProbecastError) as error:
        load(base, history={"mine": own})
    message = f"my.yaml: history.mine.path: {base}/{name} does not exist; correct it, or remove"
    assert str(error.value).startswith(message)


def test_hyperparameters_of_a_history_may_be_listed_renamed_or_converted(base):
    forms = [["lr"], {"rate": "lr"}, {"rate": {"column": "lr", "base": 10}}, {"lr": {"factor": 2}}]
    read = [
        load(base, history={"mine": {**HISTORY, "hyperparameters": form}}).history["mine"]
        for form in forms
    ]
    assert [{n: own.column for n, own in each.hyperparameters.items()} for each in read] == [
        {"lr": None},
        {"rate": "lr"},
        {"rate": "lr"},
        {"lr": None},
    ]
    assert all(type(each)(**each.model_dump(mode="json")) == each for each in read)


BAD = {
    "a dataset's name as the family of a history": (
        {
            "datasets": {"digits_few": {"source": "digits"}},
            "history": {"mine": {**HISTORY, "family": "digits_few"}},
        },
        r"history\.mine\.family: found 'digits_few', a dataset of the family 'digits'; write",
    ),
    "finished tables in no folder": (
        {"sweep": {"tables": "n" * 300}},
        r"sweep\.tables: .*nnn is no folder; correct it, or leave it out",
    ),
    "empty default of an architecture": (
        {"architectures": {"cnn": {"default_configuration": {}}}, "default_configuration": None},
        r"default_configuration",
    ),
    "misspelt key of a history": (
        {"history": {"mine": {**HISTORY, "famly": "digits"}}},
        r"history\.mine\.famly: unknown key. Did you mean 'family'",
    ),
    "misspelt conversion": (
        {"history": {"mine": {**HISTORY, "hyperparameters": {"lr": {"fctor": 2}}}}},
        r"history\.mine\.hyperparameters\.lr\.fctor: unknown key. Did you mean 'factor'",
    ),
    "conversion to nothing": (
        {"history": {"mine": {**HISTORY, "metric_factor": 0}}},
        r"history\.mine\.metric_factor: found 0; .*greater than 0",
    ),
    "unknown architecture of a history": (
        {"history": {"mine": {**HISTORY, "architecture": "cn"}}},
        r"history\.mine\.architecture: unknown 'cn'\. Did you mean 'cnn'",
    ),
    "columns of a storage": (
        {"history": {"mine": {**HISTORY, "columns": {"task": "t"}}}},
        r"history\.mine: .*columns: an Optuna storage has no columns",
    ),
    "unknown key": ({"epoch": 3}, r"epoch: unknown key"),
    "misspelt key": ({"seeed": 3}, r"Did you mean 'seed'"),
    "misspelt nested key": ({"training": {"epoch": 3}}, r"training\.epoch: unknown.*'epochs'"),
    "misspelt dataset key": (
        {"datasets": {"digits": {"train_row": 3}}},
        r"datasets\.digits\.train_row: unknown key. Did you mean 'train_rows'",
    ),
    "missing key": ({"space": None}, r"space: required by a study with tasks, but missing"),
    "no tasks": ({"tasks": []}, r"tasks: found \[\], and no 'tables' either"),
    "misspelt column": (
        {"tables": {"t": {**TABLE, "columns": {"epochs": "e"}}}},
        r"tables\.t\.columns\.epochs: unknown key. Did you mean 'epoch'",
    ),
    "no direction": ({"tables": {"t": {"path": "p", "metric": "m"}}}, r"higher_is_better: requ"),
    "cost below 1": ({"replay": {"costs": [0.5]}}, r"replay\.costs\.0: found 0\.5"),
    "unknown baseline": ({"baselines": {"methods": ["x"]}}, r"baselines\.methods: unknown tuner"),
    "unknown tuner": ({"replay": {"methods": ["gird"]}}, r"replay\.methods: .*mean 'grid'"),
    "wrong type": ({"training": {"epochs": "many"}}, r"training\.epochs: found 'many'"),
    "negative": ({"training": {"epochs": 0}}, r"training\.epochs: found 0.*greater"),
    "task with a slash": ({"tasks": ["digits/cnn"]}, r"found 'digits/cnn'.*<dataset>-"),
    "task climbing out": ({"tasks": ["../digits-cnn"]}, r"'\.\./digits-cnn'"),
    "task with a newline": ({"tasks": ["digits-cnn\n"]}, r"a task is named"),
    "reserved name": ({"tasks": ["all-cnn"]}, r"reserved name 'all'"),
    "unknown architecture": (
        {"tasks": ["digits-cnnn"]},
        r"unknown architecture 'cnnn'\. Did you mean 'cnn'",
    ),
    "unknown dataset": ({"tasks": ["digit-cnn"]}, r"unknown dataset 'digit'.*'digits'"),
    "unknown source": (
        {"datasets": {"digits": {"source": "digitz"}}},
        r"datasets\.digits\.source: unknown 'digitz'",
    ),
    "unknown architecture's settings": (
        {"architectures": {"cn": {"training": {"epochs": 2}}}},
        r"architectures: unknown 'cn'; name its `file`, or: Did you mean 'cnn'",
    ),
    "own network that is not there": (
        {"architectures": {"mine": {"file": "no/such.py"}}},
        rf"architectures\.mine\.file: {re.escape(str(ROOT))}/no/such\.py: there is no such file",
    ),
    "own network without its function": (
        {"architectures": {"mine": {"file": "studies/my_net.py", "build": "make"}}},
        r"architectures\.mine\.file: .*my_net\.py: has no function 'make'.*Known: build\.",
    ),
    "a method in place of a function": (
        {"architectures": {"mine": {"file": "studies/my_net.py", "build": "forward"}}},
        r"architectures\.mine\.file: .*my_net\.py: has no function 'forward'.*Known: build\.",
    ),
    "own network that is no Python": (
        {"architectures": {"mine": {"file": "config.yaml"}}},
        r"architectures\.mine\.file: .*config\.yaml, line \d+: not valid Python",
    ),
    "own network of a built-in name": (
        {"architectures": {"cnn": {"file": "studies/my_net.py"}}},
        r"architectures\.cnn\.file: 'cnn' is a built-in architecture; choose another name",
    ),
    "own network of a reserved name": (
        {"architectures": {"all": {"file": "studies/my_net.py"}}},
        r"architectures: 'all' is a reserved name",
    ),
    "a function without its file": (
        {"architectures": {"cnn": {"build": "make"}}},
        r"architectures\.cnn\.build: has no meaning without `file`",
    ),
    "a function that cannot be one": (
        {"architectures": {"mine": {"file": "studies/my_net.py", "build": "my net"}}},
        r"architectures\.mine\.build: found 'my net'",
    ),
    "misspelt change of the training": (
        {"architectures": {"cnn": {"training": {"epoch": 2}}}},
        r"architectures\.cnn\.training\.epoch: unknown key. Did you mean 'epochs'",
    ),
    "bad change of the training": (
        {"architectures": {"cnn": {"training": {"epochs": 0}}}},
        r"architectures\.cnn\.training\.epochs: found 0.*greater",
    ),
    "fine-tuning on words": (
        {"tasks": ["digits-cnn", "docs_kind-finetune"]},
        r"datasets\.docs_kind\.pretrained: missing, but architecture 'finetune' needs",
    ),
    "task twice": ({"tasks": ["digits-cnn", "digits-cnn"]}, r"listed twice"),
    "empty space": ({"space": {}}, r"no points"),
    "bad scale": (
        {"space": {"learning_rate": {"choices": [0.1], "scale": "ln"}}},
        r"space\.learning_rate\.scale: found 'ln'",
    ),
    "unknown optimizer": (
        {"space": {"optimizer": {"choices": ["SGD", "Adm"]}}},
        r"space\.optimizer: found 'Adm'; no such optimizer. Did you mean 'Adam'",
    ),
    "batch sizes that are not whole": (
        {"space": {"batch_size": {"low": 16, "high": 64}}},
        r"space\.batch_size: found 16\.0; it must be a whole number .*`type: integer`",
    ),
    "a learning rate of 0": (
        {"space": {"learning_rate": {"choices": [0, 0.1]}}},
        r"space\.learning_rate: found 0; it must lie above 0",
    ),
    "dropout in percent": (
        {"architectures": {"lstm": {"space": {"dropout": {"choices": [10, 50]}}}}},
        r"architectures\.lstm\.space\.dropout: found 10; it must lie in 0\.\.1",
    ),
    "default outside": (
        {"default_configuration": {"learning_rate": 0.5, "layers": 3, **FIXED}},
        r"default_configuration: .*learning_rate=0\.5",
    ),
    "an exception for no task": (
        {"sweep": {"by_task": {"digit-cnn": 2}}},
        r"sweep\.by_task: 'digit-cnn': no such task.*digits-cnn",
    ),
    "too many configurations": (
        {"sweep": {"configurations": 7}},
        r"sweep\.configurations: found 7 for 'digits-cnn'.*only 6",
    ),
    "too many configurations of one task": (
        {"sweep": {"by_task": {"load-lstm": 7}}},
        r"sweep\.by_task\.load-lstm: found 7 for 'load-lstm'.*only 6",
    ),
    "an abbreviated hyperparameter": (
        {"architectures": {"lstm": {"space": {"lr": {"choices": [0.1]}}}}},
        r"architectures\.lstm\.space\.lr: nothing in .*'lstm' reads .*mean 'learning_rate'.*"
        r"architectures\.lstm\.space: lacks learning_rate, batch_size, optimizer, dropout",
    ),
    "a hyperparameter that fine-tuning does not read": (
        {"tasks": ["texts-finetune"], "datasets": {"texts": PIECES}},
        r"space\.layers: nothing in the training of 'finetune' reads",
    ),
    "own network without a learning rate": (
        {
            "tasks": ["digits-mine"],
            "architectures": {"mine": {"file": "studies/my_net.py", "space": {"x": ONE}}},
        },
        r"architectures\.mine\.space: lacks learning_rate, batch_size, optimizer, which",
    ),
    "texts for a network of images": (
        {"tasks": ["mine-cnn"], "datasets": {"mine": {"own": OWN_TEXTS}}},
        r"tasks: found 'mine-cnn', .*whose modality is text; "
        r"use one of: mine-rnn, mine-lstm, mine-transformer\.",
    ),
    "speech for a network of images": (
        {"sources": ["spoken-cnn"]},
        r"sources: found 'spoken-cnn', .*modality is speech; use one of: spoken-deepspeech\.",
    ),
    "word pieces for a network of images": (
        {"tasks": ["texts-cnn"], "datasets": {"texts": PIECES}},
        r"use one of: texts-rnn, texts-lstm, texts-transformer, texts-finetune, texts-lora\.",
    ),
    "not a mapping": ({"datasets": ["digits"]}, r"datasets: found \['digits'\]"),
    "bad precision": (
        {"training": {"epochs": 3, "precision": "float16"}},
        r"precision: found 'float16'.*'float32'",
    ),
    "seed below zero": ({"seed": -1}, r"seed: found -1"),
}


@pytest.mark.parametrize(("changes", "message"), BAD.values(), ids=BAD.keys())
def test_bad_study_file_is_explained(changes, message):
    with pytest.raises(ProbecastError, match=rf"(?s)^my\.yaml: .*{message}"):
        load(**changes)


FINETUNE = yaml.safe_load((ROOT / "studies/finetune.yaml").read_text())


def finetune(**changes):
    study = copy.deepcopy(FINETUNE)
    for key, change in changes.items():
        study[key] = {**study.get(key, {}), **change} if isinstance(change, dict) else change
    return load_study(study, "my.yaml", ROOT)


BAD_FINETUNING = {
    "a task that the study has not": (
        {"finetuning": {"tasks": ["imd-finetune"]}},
        r"finetuning\.tasks: found 'imd-finetune'; .* Did you mean 'imdb-finetune'",
    ),
    "a task of another architecture": (
        {"tasks": ["imdb-rnn"], "finetuning": {"tasks": ["imdb-rnn"]}},
        r"finetuning\.tasks: found 'imdb-rnn'; .* architecture finetune or lora",
    ),
    "datasets for different encoders": (
        {"datasets": {"sst2": {"mirror": "x", "pretrained": "some/encoder"}}},
        r"datasets\.sst2\.pretrained: found 'some/encoder', but 'imdb' has 'minilm'",
    ),
    "learning from the other dataset's family": (
        {
            "sources": ["scenes_400-finetune", "sst2_few-finetune"],
            "sweep": {"by_task": {}},
            "datasets": {"sst2_few": {"source": "sst2", "pretrained": "minilm"}},
        },
        r"sources: 'sst2_few-finetune' is of a family .* held out is all of imdb and sst2",
    ),
    "learning from the task's own family": (
        {
            "sources": ["scenes_400-finetune", "imdb_few-finetune"],
            "sweep": {"by_task": {}},
            "datasets": {"imdb_few": {"source": "imdb", "pretrained": "minilm"}},
        },
        r"sources: 'imdb_few-finetune' is of a family .* held out is all of imdb and sst2",
    ),
    "learning from the shipped tables alone": (
        {"sources": [], "sweep": {"by_task": {}}},
        r"shipped: .*name 'sources'",
    ),
    "learning from the shipped tables, too": (
        {"shipped": True},
        r"shipped: .*leave 'shipped' out",
    ),
    "learning from runs of nobody knows what": (
        {"history": {"mine": {"path": "runs.db", "metric": "accuracy"}}},
        r"history\.mine\.family: found None; held out is all of imdb and sst2",
    ),
    "learning from runs on the other dataset": (
        {"history": {"mine": {"path": "runs.db", "metric": "accuracy", "family": "sst2"}}},
        r"history\.mine\.family: found 'sst2'; held out is",
    ),
    "a record of something else": (
        {"finetuning": {"record": {"imdb-finetune": {"imdb": 0.8, "sst": 0.4}}}},
        r"finetuning\.record\.imdb-finetune: found \['imdb', 'sst'\]; name only",
    ),
    "nothing by hand": ({"finetuning": {"by_hand": {}}}, r"finetuning\.by_hand: found \{\}"),
    "a misspelt setting": (
        {"finetuning": {"by_hand": {"a": {"warmup": 5}}}},
        r"finetuning\.by_hand\.a\.warmup: unknown key. Did you mean 'warmup_steps'",
    ),
    "a name that is taken": (
        {"finetuning": {"by_hand": {"predicted": FINETUNE["finetuning"]["by_hand"]["update"]}}},
        r"finetuning\.by_hand: .*the name 'predicted' is taken",
    ),
}


def test_what_is_learnt_from_for_the_comparison_is_as_in_the_study_that_makes_it():
    made = yaml.safe_load((ROOT / "studies/finetune_sources.yaml").read_text())
    for key in ("sources", "space", "default_configuration", "architectures", "training"):
        assert FINETUNE[key] == made[key]
    assert FINETUNE["datasets"].items() >= made["datasets"].items()
    assert FINETUNE["sweep"].items() >= made["sweep"].items()


def test_settings_by_hand_may_be_predicted_with_all_that_the_space_has():
    tasks = ["imdb-finetune", "sst2-lora"]
    study = finetune(tasks=[*tasks, "sst2-finetune"], finetuning={"tasks": tasks})
    original, update = study.by_hand_of("imdb-finetune")
    assert original["warmup_share"] == pytest.approx(500 / 3125)
    assert update == {**original, **update} and "lora_rank" not in update
    assert [c["lora_rank"] for c in study.by_hand_of("sst2-lora")] == [0, 0]
    assert study.by_hand_of("sst2-finetune") == []


@pytest.mark.parametrize(
    ("changes", "message"), BAD_FINETUNING.values(), ids=BAD_FINETUNING.keys()
)
def test_bad_comparison_of_fine_tuning_is_explained(changes, message):
    with pytest.raises(ProbecastError, match=rf"(?s)^my\.yaml: .*{message}"):
        finetune(**changes)


def test_grid_of_a_space_with_ranges_is_refused():
    space = {**SMALL["space"], **RATES}
    with pytest.raises(
        ProbecastError, match=r"sweep\.configurations: found 'all' .*has ranges and so no complete"
    ):
        load(space=space, sweep={"configurations": "all"})
    assert len(load(space=space).swept("digits-cnn")) == 24  # that number need not be given


def test_all_errors_of_one_pass_are_told_at_once():
    with pytest.raises(ProbecastError) as error:
        load(seed=-1, training={"epochs": 0})
    assert len(str(error.value).splitlines()) == 2


def patterns_in(part):
    """Return every regular expression in a JSON schema."""
    if isinstance(part, list):
        return set().union(*map(patterns_in, part))
    if not isinstance(part, dict):
        return set()
    found = {part["pattern"]} if isinstance(part.get("pattern"), str) else set()
    return found.union(part.get("patternProperties", {}), *map(patterns_in, part.values()))


def test_every_pattern_of_the_study_file_is_explained_in_words():
    assert patterns_in(Study.model_json_schema()) == set(PATTERNS)


@pytest.mark.parametrize("name", ["My study", "1st", "", "a" * 65])
def test_a_name_that_does_not_fit_is_told_in_words(name):
    with pytest.raises(
        ProbecastError, match="a name is of at most 64 lower-case letters"
    ) as error:
        load_study({"name": name}, "my.yaml", Path())
    assert not set("^$\\*") & set(str(error.value))


def test_finished_tables_behind_braces_are_refused(tmp_path):
    (tmp_path / "tables{1}").mkdir()
    with pytest.raises(ProbecastError, match="sweep.tables: .*takes braces for wildcards; rename"):
        load(tmp_path, sweep={"tables": "tables{1}"})
