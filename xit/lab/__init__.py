"""The lab: an invented world told in invented languages, written out in Hub layout."""
