# in:  results/data/<dataset>/, of the user's own network its check, the meta-encoder without the dataset's family
# out: results/trials/<task>/probe.parquet: short trials, chosen one after another


rule probe:
    input:
        data=data,
        network=checked_network,
        encoder=encoder,
    output:
        layout.PROBE,
    log:
        "results/logs/probe/{task}.log",
    benchmark:
        "results/benchmarks/probe/{task}.tsv"
    conda:
        "../../envs/train.yaml"
    resources:
        **TRAINING,
    params:
        network=network,
        training=training,
        settings=study.probe.model_dump(mode="json"),
        space=space,
        default=lambda w: study.default_of(w.task),
        by_hand=lambda w: study.by_hand_of(w.task),
        seed=study.sweep_seed,
        journal="results/journals/{task}/probe.jsonl",
        code=lambda w: network_code("probe", study, [w.task], TUNERS["probecast"]),
    script:
        "../scripts/probe.py"
