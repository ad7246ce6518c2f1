"""What starts, installs and measures; nothing of the shop imports it."""
