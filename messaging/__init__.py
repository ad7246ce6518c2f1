"""What is said: messages and e-mail."""
