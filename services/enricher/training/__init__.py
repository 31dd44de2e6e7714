"""Makes, calibrates and measures the built-in model; never imported by a running service.

In this order: `export` writes the model files of a checkpoint, `calibrate` fits the few numbers of the stages,
`measure` writes the scores that decide which languages are supported. Each is a command: python -m … --help.
"""
