"""The access engine: exact comparison of access documents, with witnesses and certificates. Pure."""
