# in:  the sweeps of all tasks but those held out
# out: results/meta/{family-<name>,architecture-<name>,all}/encoder.safetensors, card.json


rule pretrain:
    input:
        lambda w: sweeps(*study.sources_without(w.held_out)),
    output:
        "results/meta/{held_out}/encoder.safetensors",
        "results/meta/{held_out}/card.json",
    log:
        "results/logs/pretrain/{held_out}.log",
    benchmark:
        "results/benchmarks/pretrain/{held_out}.tsv"
    conda:
        "../../envs/train.yaml"
    params:
        settings=study.pretrain.model_dump(mode="json"),
        seed=study.seed,
        code=code_hash("probecast.meta.pretraining"),
    script:
        "../scripts/pretrain.py"
