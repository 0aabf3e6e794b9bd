"""A study file from a user's data: ``python -m probecast.new reviews.csv``.

``look`` finds out what the data are, by the readers that a study reads them with, ``columns`` what
each column of a table may be, ``sizes`` takes as much of them as is trained on in about a minute,
``template`` is the study file, and ``__main__`` the program.
"""
