# in:  the task's sweep, the sweeps of other families, the meta-encoder without the family
# out: results/baselines/<task>.parquet: every tuner replayed on the sweep, ours among them
#      results/baselines/beliefs-<task>.parquet: what ours believed, and what was so
#      results/baselines/unlike-<task>.parquet: the tuners that learn from other tasks, replayed
#      without any task of the same architecture


rule baselines:
    input:
        sweep=lambda w: sweeps(w.task),
        sources=lambda w: lessons(f"family-{family_of(w)}"),
        encoder=encoder,
    output:
        runs="results/baselines/{task}.parquet",
        beliefs="results/baselines/beliefs-{task}.parquet",
    log:
        "results/logs/baselines/{task}.log",
    benchmark:
        "results/benchmarks/baselines/{task}.tsv"
    conda:
        "../../envs/train.yaml"
    resources:
        mem_mb=memory,
        runtime=minutes,
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
        sweep=lambda w: sweeps(w.task),
        sources=lambda w: left_without(f"architecture-{architecture_of(w.task)}"),
        encoder=encoder_unlike,
    output:
        runs="results/baselines/unlike-{task}.parquet",
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
