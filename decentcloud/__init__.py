"""The top floor: settings, addresses, reactions and the embedded database. Nobody imports it."""
