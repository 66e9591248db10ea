"""Tokens that were guessed, altered or passed on: counted by sender, told to the admins once, then met with silence.

A token that serves is never refused for this: anybody can write a requester's address into From and guess.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from rules.decision import Decision
from rules.deliveries import alert
from rules.desk import Desk
from rules.facts import Facts
from rules.reading import Reading, alarm_window, token_window


def failed(reading: Reading, facts: Facts, decision: Decision) -> bool:
    """Whether the mail's token led nowhere: unknown, or not for its sender."""
    return bool(reading.token) and decision.verdict == "untreated" and (not facts.grant or decision.why == "stranger")


def is_guessing(reading: Reading, facts: Facts, desk: Desk) -> bool:
    """Whether this unknown token comes after as many failures in the last hour as `[guards] failed_tokens` allows."""
    failures = facts.counts.get(token_window(reading.sender), 0)
    return bool(reading.token) and not facts.grant and failures >= desk.guards.failed_tokens


def counted(decision: Decision, reading: Reading, facts: Facts, desk: Desk, now: datetime) -> Decision:
    """``decision`` on a failed token, counted; the failure that reaches the limit alarms the admins, once a day."""
    failures = facts.counts.get(token_window(reading.sender), 0) + 1
    counters = (*decision.counters, token_window(reading.sender))
    alarmed = facts.counts.get(alarm_window(reading.sender), 0)
    if failures < desk.guards.failed_tokens or alarmed or not desk.desk.admins:
        return replace(decision, counters=counters)
    details = (("sender", reading.sender), ("number", reading.number))
    alarm = alert("token_failures", details, desk, now, failures)
    counters += (alarm_window(reading.sender),)
    return replace(decision, counters=counters, letters=(*decision.letters, alarm))
