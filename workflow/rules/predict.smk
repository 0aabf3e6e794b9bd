# in:  results/trials/<task>/probe.parquet, the meta-encoder without the dataset's family
# out: results/predictions/<task>.json: train with this


rule predict:
    input:
        probe="results/trials/{task}/probe.parquet",
        encoder=encoder,
    output:
        report(
            "results/predictions/{task}.json",
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
        mem_mb=memory,
        runtime=minutes,
    params:
        training=training,
        settings=study.probe.model_dump(mode="json"),
        space=lambda w: study.space_of(w.task).model_dump(mode="json"),
        seed=study.sweep_seed,
        code=code_of("predict"),
    script:
        "../scripts/predict.py"
