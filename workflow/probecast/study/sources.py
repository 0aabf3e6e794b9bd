"""What a target may learn from: tasks, past runs, shipped tables, the right meta-encoder."""

from pathlib import Path

from probecast.holdout import NOTHING, SHIPPED, HoldOut
from probecast.learner import shipped
from probecast.study import layout
from probecast.study.model import Study
from probecast.trials import architecture_of, dataset_of, read_table


def identity(study: Study, task: str) -> dict[str, str]:
    """Return a task's family and architecture: what it may be held out by."""
    return {"family": study.family(dataset_of(task)), "architecture": architecture_of(task)}


def hold_out(study: Study, kind: str, task: str) -> HoldOut:
    """Return the hold-out of a task's ``family`` or ``architecture``.

    Raises:
        ProbecastError: the study has no such task.
    """
    return HoldOut(kind, identity(study, study.check_task(task))[kind])


def sources_without(study: Study, held_out: HoldOut) -> list[str]:
    """Return the tasks that may be learnt from.

    A task with data of your own is swept for others to learn from only where it is listed
    under ``sources``: a recommendation for it costs its probes, whatever else is asked for. So
    are all tasks where fine-tuning is compared, whose models are evaluated on each other's data.
    """
    return [
        task
        for task in study.all_tasks
        if (task in study.sources or not (study.finetuning or study.dataset(dataset_of(task)).own))
        and not held_out.excludes(identity(study, task))
    ]


def histories_without(study: Study, held_out: HoldOut) -> list[str]:
    """Return the names of the histories that may be learnt from.

    Runs of no named network have one of the history's name.
    """
    described = {
        name: {"family": own.family, "architecture": own.architecture or name}
        for name, own in study.history.items()
    }
    return [name for name, own in described.items() if not held_out.excludes(own)]


def learns_from_shipped(study: Study, tasks: list[str]) -> bool:
    """Return whether the shipped tables are learnt from, beside those of some tasks."""
    return not tasks if study.shipped is None else study.shipped


def swept_tasks(study: Study) -> list[str]:
    """Return the tasks whose sweeps are run: targets, and what is learnt from, if not finished.

    Where fine-tuning is compared, a target needs none.
    """
    kinds = ["family"]
    if study.finetuning is None:  # the report leaves architectures out, too
        kinds.append("architecture")
    held_out = {hold_out(study, kind, task) for kind in kinds for task in study.tasks}
    needed = {task for each in held_out for task in sources_without(study, each)}
    if study.finetuning is None:
        needed |= set(study.tasks)
    return [
        task
        for task in study.all_tasks
        if task in needed and not layout.finished_table(study, task)
    ]


def tables_without(study: Study, held_out: HoldOut) -> list[str]:
    """Return what is left to learn from: tables of the study, its histories, the shipped ones."""
    tasks = sources_without(study, held_out)
    tables = [layout.sweep(study, task) for task in tasks]
    tables += [layout.HISTORY.format(history=name) for name in histories_without(study, held_out)]
    if learns_from_shipped(study, tasks):
        come_with = shipped.tables_without(held_out)
        tables += [path for path in come_with if Path(path).stem not in tasks]
    return tables


def tables_to_learn_from(study: Study, held_out: HoldOut) -> list[str]:
    """Return the trial tables that a meta-encoder is made of.

    Raises:
        ProbecastError: there are none, or no task of the study is of what is held out.
    """
    if held_out:
        known = {hold_out(study, held_out.kind, task).name for task in study.all_tasks}
        if held_out.name not in known:
            raise study.unknown(f"tasks of {held_out.kind}", held_out.name, sorted(known))
    tables = shipped.tables() if held_out == SHIPPED else tables_without(study, held_out)
    if not tables:
        raise study.problem(
            f"shipped: false, and nothing else to learn from once {held_out} is held out; remove "
            "it, or add 'sources' or a 'history' of another family"
        )
    return tables


def encoder_without(study: Study, held_out: HoldOut) -> str:
    """Return the meta-encoder that has seen nothing of what is held out.

    The shipped one, where there is nothing else to learn from.
    """
    own = [*sources_without(study, held_out), *histories_without(study, held_out)]
    unseen = shipped.tables_without(held_out) == shipped.tables_without(NOTHING)
    if not own and unseen and learns_from_shipped(study, own):
        return str(shipped.ENCODER)
    return layout.encoder(held_out)


def encoder_unlike(study: Study, task: str) -> str | list[str]:
    """Return that which has seen nothing of a task's architecture; [] without anything to see."""
    held_out = hold_out(study, "architecture", task)
    return encoder_without(study, held_out) if tables_without(study, held_out) else []


def outcomes(study: Study) -> dict[str, list[str]]:
    """Return everything that is found out about the evaluated tasks, as ``layout.outcomes``.

    Raises:
        ProbecastError: something would be evaluated that may have been learnt.
    """
    check_evaluable(study)
    return layout.outcomes(study)


def check_evaluable(study: Study) -> None:
    """Make sure that nothing is evaluated that may have been learnt.

    Raises:
        ProbecastError: it is not said what a history's data descends from; or a task's
            finished table is of other trials than the study's.
    """
    for name, own in study.history.items():
        if own.family is None:
            raise study.problem(
                f"history.{name}.family: missing, but a study with a report must hold out the "
                "runs of a task's own family; add it (a name of its own if no task here "
                "shares it), or ask for results/predictions/<task>.json alone"
            )
    for task in study.tasks:
        if path := layout.finished_table(study, task):
            table = read_table(path)
            found = f"{table.info.epochs} epochs of {', '.join(sorted(table.hyperparameters))}"
            names = sorted(study.space_of(task).names)
            wanted = f"{study.training_of(task).epochs} epochs of {', '.join(names)}"
            if found != wanted:
                raise study.problem(
                    f"sweep.tables: {path} holds trials of {found}, but {task!r} is trained "
                    f"for {wanted}; change that, or name a folder without this table"
                )
