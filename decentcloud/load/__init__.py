"""Markets of any size for measuring: rows made in Python and copied in, consistent with each other, but lived by nobody."""
