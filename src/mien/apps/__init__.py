"""What people run: thin programs that parse, call and print."""
