"""Published methods to compare with that need the optional group ``peers``, or long to learn."""
