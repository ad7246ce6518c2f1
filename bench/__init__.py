"""Speed and size of the market, measured beside bare Django and PostgreSQL: ratios in one run. Nothing here is part of the shop."""
