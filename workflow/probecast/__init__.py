"""probecast: predict good hyperparameters from a few short probe trainings.

The library behind the workflow. It never imports snakemake; every stage of the
study is one function here and one short script in ``workflow/scripts``.
"""

__version__ = "0.1.0"
