"""The study file: its model, its checks, what a target may learn from, where results lie."""
