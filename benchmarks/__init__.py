"""What training costs: beside other ways to do the same, and where the time goes."""
