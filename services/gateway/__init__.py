"""HTTP in, news.raw out: the one door for scrapers."""
