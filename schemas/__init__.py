"""What crosses a process boundary: contracts, topics, identity, codes and the codec; imports nothing else of ours."""
