"""One module per way of training many configurations, each run in processes of its own."""
