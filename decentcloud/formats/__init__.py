"""Only how Django itself writes days and times, by language; our own pages write theirs by `core.formats`."""
