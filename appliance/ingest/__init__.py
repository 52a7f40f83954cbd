"""How files come in: into the spool, complete, then into the queue."""
