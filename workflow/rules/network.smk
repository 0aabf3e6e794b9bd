# in:  results/data/<dataset>/spec.json, and the user's own network: a file named in the study file
# out: results/networks/<task>.json: that it can be trained, on made-up examples, before it is


rule network:
    input:
        lambda w: data(w)[-1],
    output:
        layout.NETWORK,
    log:
        "results/logs/network/{task}.log",
    conda:
        "../../envs/train.yaml"
    resources:
        **SMALL,
    params:
        network=network,
        training=training,
        configurations=lambda w: study.space_of(w.task).around(study.default_of(w.task)),
        code=lambda w: network_code("network", study, [w.task]),
    script:
        "../scripts/network.py"
