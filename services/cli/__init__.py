"""The operator's command `newsloom`."""
