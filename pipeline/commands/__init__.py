"""The commands of the shell, a module a noun: each adds its arguments and hands them to one step."""
