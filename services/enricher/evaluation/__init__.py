"""Measures the product's own stages on files that a user annotated: `newsloom evaluate`."""
