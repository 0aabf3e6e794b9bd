# in:  results/data/<dataset>/, of the user's own network its check
# out: results/trials/<task>/sweep-<chunk>.parquet: a part of the reference sweep, one job each
#      results/trials/<task>/sweep.parquet: all parts
#      results/trials/<task>/repeat.parquet: some of its configurations, with a second seed
#      results/tables/<task>.parquet: both, in one trial table to keep; `tables` makes all
#      that are not finished (`sweep.tables` in the study file)
#      results/journals/ (outside `output:`): finished trials survive a kill


rule sweep:
    input:
        data=data,
        network=checked_network,
    output:
        layout.SWEEP_PART,
    log:
        "results/logs/sweep/{task}-{chunk}.log",
    benchmark:
        "results/benchmarks/sweep/{task}-{chunk}.tsv"
    conda:
        "../../envs/train.yaml"
    resources:
        **TRAINING,
    params:
        title=lambda w: f"sweep {w.task}, part {int(w.chunk) + 1}",
        network=network,
        training=training,
        configurations=lambda w: study.chunk(w.task, int(w.chunk)),
        seed=study.sweep_seed,
        journal="results/journals/{task}/sweep-{chunk}.jsonl",
        code=lambda w: network_code("sweep", study, [w.task]),
    script:
        "../scripts/sweep.py"


use rule sweep as repeat with:
    output:
        layout.REPEAT,
    log:
        "results/logs/repeat/{task}.log",
    benchmark:
        "results/benchmarks/repeat/{task}.tsv"
    params:
        title="repeat {task}",
        network=network,
        training=training,
        configurations=lambda w: study.repeated(w.task),
        seed=study.repeat_seed,
        journal="results/journals/{task}/repeat.jsonl",
        code=lambda w: network_code("sweep", study, [w.task]),


rule gather:
    input:
        asks(lambda w: layout.sweep_parts(study, w.task)),
    output:
        layout.SWEEP,
    log:
        "results/logs/gather/{task}.log",
    localrule: True
    conda:
        "../../envs/report.yaml"
    params:
        code=code_of("table"),
    script:
        "../scripts/table.py"


use rule gather as table with:
    input:
        rules.gather.output,
        lambda w: layout.repeats(study, w.task),
    output:
        layout.TABLE,
    log:
        "results/logs/table/{task}.log",


rule tables:
    input:
        layout.unfinished_tables(study),
    localrule: True
