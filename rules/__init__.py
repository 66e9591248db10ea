"""What follows from a mail, or from time passing: pure functions of plain values, without network, files or a clock.

A letter in brackets, as in (T), names the system whose behaviour is kept there; docs/features.md lists them all: D a
traffic authority's mail flow, T an ITSM manual for agents, L a help desk's conditions, J a provider's case rules, M a
ticket system's rules.
"""
