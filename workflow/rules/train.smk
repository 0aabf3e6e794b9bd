# in:  the recommendation, the baselines, the sweep, results/data/<dataset>/
# out: results/trials/<task>/choices.json: what every method would train with
#      results/trials/<task>/final.parquet: those, trained with the same fresh seeds


rule train:
    input:
        data=data,
        prediction="results/predictions/{task}.json",
        baselines="results/baselines/{task}.parquet",
        sweep=lambda w: sweeps(w.task),
    output:
        choices="results/trials/{task}/choices.json",
        final="results/trials/{task}/final.parquet",
    log:
        "results/logs/train/{task}.log",
    benchmark:
        "results/benchmarks/train/{task}.tsv"
    conda:
        "../../envs/train.yaml"
    params:
        network=network,
        training=training,
        default=lambda w: study.default_of(w.task),
        seeds=study.final_seeds,
        journal="results/journals/{task}/final.jsonl",
        code=lambda w: network_code(
            [w.task], "probecast.training.sweep", "probecast.evaluation.choices"
        ),
    script:
        "../scripts/train.py"
