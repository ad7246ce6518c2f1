"""What providers are owed and paid: releases, payout methods, payouts."""
