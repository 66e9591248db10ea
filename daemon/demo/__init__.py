"""`acuse demo`: servers of our own on loopback, people who write, and what they see."""
