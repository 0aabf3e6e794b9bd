"""Optuna studies as people leave them behind, for tests."""

import math

import optuna

optuna.logging.set_verbosity(optuna.logging.ERROR)
EPOCHS = 4


def quality(trial):
    """What a configuration comes to; also makes the trial's suggestions."""
    rate = trial.suggest_float("lr", 1e-5, 1e-1, log=True)
    width = trial.suggest_int("width", 16, 256, log=True)
    optimizer = trial.suggest_categorical("opt", ["adam", "sgd"])
    best = 1e-3 if optimizer == "adam" else 1e-2
    return 0.9 - 0.1 * abs(math.log10(rate / best)) + 0.01 * math.log2(width / 64)


def objective(trial):
    """Reports after every epoch, from step 0; the third trial crashes, others may be pruned."""
    end = quality(trial)
    for epoch in range(EPOCHS):
        accuracy = end * (1 - 0.5 ** (epoch + 1))
        trial.report(accuracy, epoch)
        if trial.number == 2 and epoch == 1:
            raise MemoryError
        if trial.should_prune():
            raise optuna.TrialPruned
    return accuracy


def past_study(storage, name="mine", trials=10, objective=objective, direction="maximize", seed=1):
    """Run a study under a median pruner; return it."""
    study = optuna.create_study(
        study_name=name,
        storage=storage,
        direction=direction,
        sampler=optuna.samplers.RandomSampler(seed=seed),
        pruner=optuna.pruners.MedianPruner(n_startup_trials=3),
    )
    study.optimize(objective, n_trials=trials, catch=(MemoryError,))
    return study
