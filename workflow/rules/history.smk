# in:  one's own past runs: a CSV or Parquet file, or an Optuna storage
# out: results/history/<name>/: a trial table for each past task


rule history:
    input:
        lambda w: history_of(w).file or [],
    output:
        directory("results/history/{history}"),
    log:
        "results/logs/history/{history}.log",
    conda:
        "../../envs/train.yaml"
    resources:
        mem_mb=memory,
        runtime=minutes,
    params:
        settings=lambda w: history_of(w).model_dump(mode="json"),
        code=code_of("history"),
    script:
        "../scripts/history.py"
