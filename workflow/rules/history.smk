# in:  one's own past runs: a CSV or Parquet file, or an Optuna storage
# out: results/history/<name>/: a trial table for each past task


rule history:
    input:
        asks(lambda w: study.named("history", w.history).files),
    output:
        directory(layout.HISTORY),
    log:
        "results/logs/history/{history}.log",
    conda:
        "../../envs/train.yaml"
    resources:
        **SMALL,
    params:
        settings=lambda w: study.history[w.history].model_dump(mode="json"),
        code=code_of("history"),
    script:
        "../scripts/history.py"
