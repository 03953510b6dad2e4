"""The command `mien`, one module a command."""
