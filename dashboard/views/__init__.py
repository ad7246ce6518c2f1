"""Only pages: guard, form, one service call, redirect or render."""
