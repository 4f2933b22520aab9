"""How many worker pods each build of a pool is to have, by what there is to do."""
