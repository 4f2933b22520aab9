"""The kinds on a real API server: what it accepts, what it answers else, and what kubectl shows of them."""
