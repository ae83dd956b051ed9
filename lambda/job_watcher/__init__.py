"""Watch an AWS job to its end and say so."""
