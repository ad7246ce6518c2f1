"""Who is who: people, the accounts they act for, and the keys and tokens they prove it with."""
