"""Goes and gets the news: feeds, sitemaps and pages, politely and safely; hands articles to the gateway."""
