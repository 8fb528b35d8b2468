"""One module a command; each has `run(arguments, settings) -> exit code`."""
