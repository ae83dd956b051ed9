"""Tools that help to add kinds to the catalogue."""
