# in:  one's own past runs: a CSV or Parquet file, or an Optuna storage
# out: results/history/<name>/: a trial table for each past task


rule history:
    input:
        asks(lambda w: layout.as_inputs(history_files(w))),
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
        state=lambda w: layout.state_of(history_files(w)),
        code=code_of("history"),
    script:
        "../scripts/history.py"
