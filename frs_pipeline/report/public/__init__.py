"""The public edition: the pages that anybody may see, made of the files of a release and of nothing else."""
