"""What providers are owed and paid: releases, ways to be paid, payouts."""
