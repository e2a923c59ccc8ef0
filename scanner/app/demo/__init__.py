"""`demo`: the whole product on loopback clouds, one night or many."""
