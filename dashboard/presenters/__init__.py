"""Only strings: what rows and pages of the dashboard say, made once in Python so that templates format nothing."""
