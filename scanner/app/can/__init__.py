"""`can`: one concrete request decided, cloud by cloud."""
