"""A user's own data: described in the study file, no code needed.

``settings`` the typed keys, ``source`` what they say as a ``Source``, ``tidy`` from what was read
to raw splits as any other source has them: ``classes`` and ``series`` each look after one kind of
column (``data.media`` after images and recordings), ``split`` sets test rows aside.
"""
