"""news.raw in, news.enriched out: the hot path."""
