"""A worker of ours against a Faust agent: the same work per record, the same broker, alternating rounds."""
