# in:  results/trials/<task>/probe.parquet, the meta-encoder without the dataset's family
# out: results/predictions/<task>.json: train with this


rule predict:
    input:
        probe=layout.PROBE,
        encoder=encoder,
    output:
        report(
            layout.PREDICTION,
            category="Tasks",
            labels={"task": "{task}", "shows": "recommendation"},
            caption="../report/prediction.rst",
        ),
    log:
        "results/logs/predict/{task}.log",
    benchmark:
        "results/benchmarks/predict/{task}.tsv"
    conda:
        "../../envs/train.yaml"
    resources:
        **SMALL,
    params:
        training=training,
        settings=study.probe.model_dump(mode="json"),
        space=space,
        default=lambda w: study.default_of(w.task),
        by_hand=lambda w: study.by_hand_of(w.task),
        seed=study.sweep_seed,
        code=code_of("predict"),
    script:
        "../scripts/predict.py"
