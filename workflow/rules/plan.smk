# in:  the descriptions of the datasets; nothing has been trained
# out: results/plan.csv: what every stage will train, and what that costs


rule plan:
    input:
        specs([*study.tasks, *study.swept_tasks]),
    output:
        "results/plan.csv",
    log:
        "results/logs/plan.log",
    conda:
        "../../envs/train.yaml"
    params:
        study=study.model_dump(mode="json"),
        code=network_code("plan", study.all_tasks),
    script:
        "../scripts/plan.py"
