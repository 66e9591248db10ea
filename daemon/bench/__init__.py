"""`acuse bench`: the daemon's real work on a real Dovecot and a real SMTP sink, measured from outside.

Everything lies in a folder of its own; nothing of a configured desk is touched.
"""
