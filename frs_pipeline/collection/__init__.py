"""While the forms still come in: what is fetched and delivered, what is missing, how well it is keyed and checked."""
