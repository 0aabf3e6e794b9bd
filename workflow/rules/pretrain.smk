# in:  the sweeps of all tasks but those held out, results/history/<name>/; the shipped tables
#      where there is no other task, or the study file says so
# out: results/meta/{family-<name>,architecture-<name>,all}/encoder.safetensors, card.json
#      results/meta/shipped/: learnt from the shipped tables alone; `make ship` keeps it


rule pretrain:
    input:
        asks(lambda w: sources.tables_to_learn_from(study, HoldOut.parse(w.held_out))),
    output:
        layout.ENCODER,
        report(
            layout.CARD,
            category="Meta-encoders",
            labels={"held out": "{held_out}"},
            caption="../report/encoder.rst",
        ),
    log:
        "results/logs/pretrain/{held_out}.log",
    benchmark:
        "results/benchmarks/pretrain/{held_out}.tsv"
    conda:
        "../../envs/train.yaml"
    resources:
        **SMALL,
    params:
        seed=study.seed,
        code=code_of("pretrain"),
    script:
        "../scripts/pretrain.py"
