"""The learner inside other tools' loops; each in a module of its own, with that tool's terms."""
