"""Mail servers and the parser process: watching, fetching, reading, filing away, sending."""
