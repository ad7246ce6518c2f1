"""The rails by which payouts leave by themselves, against stand-ins on loopback."""
