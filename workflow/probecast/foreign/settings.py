"""What a study file says about a table from elsewhere."""

from pydantic import BaseModel, ConfigDict

from probecast.data.settings import FileName


class Columns(BaseModel):
    """The table's own names for what every trial table has.

    Attributes:
        task: which task a row belongs to.
        config_id: tells the configurations of a task apart.
        epoch: whole numbers, evenly spaced; 0 is the untrained model. `null` for a table of
            final values only, one row per trial.
        val_metric: the metric that configurations are chosen by. NaN: diverged from there on.
        test_metric: the metric that choices are judged by; by default, and where there is no
            such column, the one that they are chosen by.
        seconds: core-seconds of an epoch; may be absent.
        seed: tells repeated trials of a configuration apart; may be absent.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    task: str = "task"
    config_id: str = "config_id"
    epoch: str | None = "epoch"
    val_metric: str = "val_metric"
    test_metric: str = "test_metric"
    seconds: str = "seconds"
    seed: str = "seed"


class TableSettings(BaseModel):
    """A table from elsewhere, one row per epoch of a trial.

    Attributes:
        path: a Parquet or CSV file. A relative path counts from the folder of the Snakefile.
        metric: how to call the metric; free text.
        higher_is_better: the metric's direction.
        columns: the table's names for what is needed; each has the name of its key by default.
        hyperparameters: the hyperparameters' columns; default: all that are left. A value may
            be missing where a hyperparameter does not apply.
        cumulative_seconds: whether `seconds` counts from the start of a trial.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    path: FileName
    metric: str
    higher_is_better: bool
    columns: Columns = Columns()
    hyperparameters: list[str] | None = None
    cumulative_seconds: bool = False
