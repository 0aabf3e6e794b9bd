# in:  the descriptions of the datasets; nothing has been trained
# out: results/plan.csv: what every stage will train, and what that costs


rule plan:
    input:
        layout.specs(map(dataset_of, [*study.tasks, *sources.swept_tasks(study)])),
    output:
        "results/plan.csv",
    log:
        "results/logs/plan.log",
    localrule: True
    conda:
        "../../envs/train.yaml"
    params:
        study=study.model_dump(mode="json"),
        code=network_code("plan", study, study.all_tasks),
    script:
        "../scripts/plan.py"
