# in:  the task's sweep, the sweeps of other families, the meta-encoder without the family
# out: results/baselines/<task>.parquet: every tuner replayed on the sweep, ours among them
#      results/baselines/beliefs-<task>.parquet: what ours believed of what it recommended, and
#      what became of that
#      results/baselines/unlike-<task>.parquet: the tuners that learn from other tasks, replayed
#      without any task of the same architecture


rule baselines:
    input:
        sweep=sweep_of,
        sources=asks(
            lambda w: sources.tables_to_learn_from(study, hold_out("family", w.task))
        ),
        encoder=encoder,
    output:
        runs=layout.BASELINES,
        beliefs=layout.BELIEFS,
    log:
        "results/logs/baselines/{task}.log",
    benchmark:
        "results/benchmarks/baselines/{task}.tsv"
    conda:
        "../../envs/train.yaml"
    resources:
        **SMALL,
    params:
        cost=study.probe.cost,
        methods=study.baselines.methods or DEFAULT,
        repetitions=study.baselines.repetitions,
        seed=study.seed,
        code=code_of(
            "baselines",
            *(TUNERS[method] for method in study.baselines.methods or DEFAULT),
        ),
    script:
        "../scripts/baselines.py"


use rule baselines as unlike with:
    input:
        sweep=sweep_of,
        sources=lambda w: sources.tables_without(
            study, hold_out("architecture", w.task)
        ),
        encoder=lambda w: sources.encoder_unlike(study, w.task),
    output:
        runs=layout.UNLIKE,
    log:
        "results/logs/unlike/{task}.log",
    benchmark:
        "results/benchmarks/unlike/{task}.tsv"
    params:
        cost=study.probe.cost,
        methods=TRANSFER,
        repetitions=1,
        seed=study.seed,
        code=code_of("baselines", *(TUNERS[method] for method in TRANSFER)),
