"""The locked codebook: who may know which conference a pseudonym stands for."""
