# in:  the recommendation, the baselines, the sweep, the probes, results/data/<dataset>/
# out: results/trials/<task>/choices.json: what every method would train with
#      results/trials/<task>/final.parquet: those, trained with the same fresh seeds
#      results/trials/<task>/continued.parquet: the probes, trained to the end with their own
#      seed, to see how well their continuation was foretold


rule train:
    input:
        data=data,
        prediction=layout.PREDICTION,
        baselines=layout.BASELINES,
        sweep=sweep_of,
        probe=layout.PROBE,
    output:
        choices=report(
            layout.CHOICES,
            category="Tasks",
            labels={"task": "{task}", "shows": "choices of all methods"},
            caption="../report/choices.rst",
        ),
        final=layout.FINAL,
        continued=layout.CONTINUED,
    log:
        "results/logs/train/{task}.log",
    benchmark:
        "results/benchmarks/train/{task}.tsv"
    conda:
        "../../envs/train.yaml"
    resources:
        **TRAINING,
    params:
        network=network,
        training=training,
        default=lambda w: study.default_of(w.task),
        final_seeds=study.final_seeds,
        probe_seed=study.sweep_seed,
        journals="results/journals/{task}",
        code=lambda w: network_code("train", study, [w.task]),
    script:
        "../scripts/train.py"
