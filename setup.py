"""Puts what comes with the project to learn from, workflow/pretrained, inside the package."""

from setuptools import find_packages, setup

setup(
    packages=[*find_packages("workflow", include=["probecast*"]), "probecast.pretrained"],
    package_dir={"": "workflow", "probecast.pretrained": "workflow/pretrained"},
    package_data={
        "probecast": ["report/*.html", "report/*.css", "report/*.js"],
        "probecast.pretrained": ["README.md", "*.json", "*.safetensors", "trials/*.parquet"],
    },
)
