# in:  a table of many tasks from elsewhere, named under `tables` in the study file
# out: results/replay/<table>/fold-<number>.parquet: every tuner on the tasks that it holds out
#      results/replay/<table>/beliefs-<number>.parquet: what our tuner believed of what it
#      recommended, and what became of that
#      results/replay/<table>/calibration.csv: how far that is to be trusted
#      results/replay/<table>/summary.csv: regret over tasks, by tuner and total cost
#      results/replay/<table>/summary-from-scratch.csv: the same with recommendations trained anew
#      results/replay/<table>/runs.parquet: all folds
#      results/replay/<table>/regret.svg: regret over total cost, with bands
#      results/replay/<table>/ranks.svg: which tuners the tasks can tell apart


rule replay_fold:
    input:
        asks(lambda w: layout.as_inputs(table_files(w))),
    output:
        runs=layout.FOLD_RUNS,
        beliefs=layout.FOLD_BELIEFS,
    log:
        "results/logs/replay/{table}/fold-{fold}.log",
    benchmark:
        "results/benchmarks/replay/{table}/fold-{fold}.tsv"
    conda:
        "../../envs/train.yaml"
    resources:
        **SMALL,
    params:
        table=lambda w: study.tables[w.table].model_dump(mode="json"),
        state=lambda w: layout.state_of(table_files(w)),
        held_out=asks(lambda w: folds_of(w.table)[int(w.fold)]),
        replay=study.replay.model_dump(mode="json"),
        seed=study.seed,
        code=code_of(
            "replay_fold",
            *(TUNERS[method] for method in study.replay.methods or DEFAULT),
        ),
    script:
        "../scripts/replay_fold.py"


rule replay:
    input:
        runs=of_folds(layout.FOLD_RUNS),
        beliefs=of_folds(layout.FOLD_BELIEFS),
    output:
        summary=report(
            layout.REPLAY_SUMMARY,
            category="Replay",
            labels={"table": "{table}", "shows": "summary"},
            caption="../report/replay.rst",
        ),
        regret=report(
            "results/replay/{table}/regret.svg",
            category="Replay",
            labels={"table": "{table}", "shows": "regret over total cost"},
            caption="../report/replay-regret.rst",
        ),
        ranks=report(
            "results/replay/{table}/ranks.svg",
            category="Replay",
            labels={"table": "{table}", "shows": "critical differences"},
            caption="../report/replay-ranks.rst",
        ),
        calibration=report(
            "results/replay/{table}/calibration.csv",
            category="Replay",
            labels={"table": "{table}", "shows": "calibration"},
            caption="../report/replay-calibration.rst",
        ),
        from_scratch=report(
            "results/replay/{table}/summary-from-scratch.csv",
            category="Replay",
            labels={"table": "{table}", "shows": "summary, trained anew"},
            caption="../report/replay-from-scratch.rst",
        ),
        runs="results/replay/{table}/runs.parquet",
    log:
        "results/logs/replay/{table}/summary.log",
    conda:
        "../../envs/report.yaml"
    resources:
        **SMALL,
    params:
        seed=study.seed,
        # Ranks are of one cost: the middle one.
        ranks_cost=sorted(study.replay.costs)[len(study.replay.costs) // 2],
        code=code_of("replay"),
    script:
        "../scripts/replay.py"
