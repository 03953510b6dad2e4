"""The command `mien`, one file a command group."""
