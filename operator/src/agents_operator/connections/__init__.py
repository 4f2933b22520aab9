"""TemporalConnections: the Temporals beside the operator's own, each with a client and ears for its runs."""
