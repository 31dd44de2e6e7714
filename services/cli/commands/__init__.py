"""One file per command; what a command needs beyond the standard library is imported when it runs."""
