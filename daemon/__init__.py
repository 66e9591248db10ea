"""What does it once: the command line, the mailboxes, the store, the outbox; it asks parsers and rules what to do."""
