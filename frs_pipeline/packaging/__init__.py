"""The audit package: what a delivery's figures rest on, to be examined by somebody who doesn't have this program."""
