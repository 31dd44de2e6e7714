"""The services of Newsloom and the runtime they share."""
