# in:  results/data/<dataset>/
# out: results/trials/<task>/sweep-<chunk>.parquet; the union over chunks is the reference sweep
#      results/journals/ (outside `output:`): finished trials survive a kill


rule sweep:
    input:
        data=data,
    output:
        "results/trials/{task}/sweep-{chunk}.parquet",
    log:
        "results/logs/sweep/{task}-{chunk}.log",
    benchmark:
        "results/benchmarks/sweep/{task}-{chunk}.tsv"
    conda:
        "../../envs/train.yaml"
    params:
        training=training,
        configurations=lambda w: study.chunk(w.task, int(w.chunk)),
        seed=study.sweep_seed,
        journal="results/journals/{task}/sweep-{chunk}.jsonl",
        code=lambda w: code_hash(
            "probecast.training.sweep", module_name(architecture_of(w.task))
        ),
    script:
        "../scripts/sweep.py"
