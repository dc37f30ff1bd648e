"""Which projects overlap: candidates -> evidence -> model -> detector."""
