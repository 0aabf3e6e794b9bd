"""From a dataset's source to tensors: download, then preprocess."""
