"""The report's figures, one module each. A function returns a ``drawing.Picture``."""
