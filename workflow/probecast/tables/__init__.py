"""Trial tables from elsewhere: past studies and public benchmarks."""
