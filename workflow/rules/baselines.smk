# in:  the task's sweep, the sweeps of other families, the meta-encoder without the family
# out: results/baselines/<task>.parquet: every tuner replayed on the sweep, ours among them


rule baselines:
    input:
        sweep=lambda w: sweeps(w.task),
        sources=lambda w: lessons(f"family-{family_of(w)}"),
        encoder=encoder,
    output:
        "results/baselines/{task}.parquet",
    log:
        "results/logs/baselines/{task}.log",
    benchmark:
        "results/benchmarks/baselines/{task}.tsv"
    conda:
        "../../envs/train.yaml"
    params:
        cost=study.probe.cost,
        methods=study.baselines.methods or DEFAULT,
        repetitions=study.baselines.repetitions,
        seed=study.seed,
        code=code_hash(
            "probecast.evaluation.replay",
            *(TUNERS[method] for method in study.baselines.methods or DEFAULT),
        ),
    script:
        "../scripts/baselines.py"
