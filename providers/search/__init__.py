"""Finding offerings: the query language, its translation to the database, facets, and the shareable URL of a search."""
