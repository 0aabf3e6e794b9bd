"""A user's own data: described in the study file, no code needed.

``settings`` the typed keys, ``source`` what they say as a ``Source``, ``tidy`` from what was read
to raw splits as any other source has them: ``classes``, ``series`` and ``dates`` each look after
one kind of column (``data.media`` after images and recordings), ``split`` divides rows and sets
test rows aside, ``account`` tells at the end what became of all.
"""
