"""probecast: predict good hyperparameters from a few short probe trainings.

The library behind the workflow. It never imports snakemake; every stage of the
study is one function here and one short script in ``workflow/scripts``.

Its rooms, from the bottom to the top. A module imports from its own room and from those that
stand before it in this list, never from a later one; there is no circle:

    errors, files, seeds, space, trials, encoding, metrics, regret, holdout, console, stages,
      code_hash, torchaudio_stub: ground words, small files that all others speak in
    data: from a dataset's source, or a user's files, to tensors and their description
    networks: what is tuned, one file per architecture, and the user's own
    training: one trial, its journal and its cost; many of them
    tuning: what a tuner is, what drives it, where it may buy trials
    tuners: the simple methods, one file each; in peers those that need the optional group
    learner: the meta-encoder and our own tuner, all that a recommendation is made of
    tables: trial tables from elsewhere, past runs and public benchmarks
    study: the study file, what a target may learn from, where files lie, what it will cost
    evaluation: replays, scores and statistics, the proof
    finetuning: a recommendation beside settings that somebody chose by hand
    report: the page and its figures
    integrations: the learner inside other tools' loops
    asking, saving, library, export: ask and tell in Python; a recommendation for other programs
    new, show: a study file from a user's data; a recommendation, shown again
"""

__version__ = "0.2.0"
