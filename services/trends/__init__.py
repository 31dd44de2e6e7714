"""news.enriched in, news.trends and news.duplicates out: what the news is about right now."""
