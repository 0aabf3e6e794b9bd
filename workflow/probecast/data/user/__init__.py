"""A user's own data: described in the study file, no code needed.

``settings`` the typed keys, ``source`` what they say as a ``Source``, ``tidy`` from what was read
to raw splits as any other source has them: ``classes``, ``media``, ``series`` each look after
one kind of column, ``split`` sets test rows aside.
"""
