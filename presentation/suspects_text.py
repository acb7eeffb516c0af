"""Explanations of suspect readings."""

MEANINGS = {
    "high": "high: a register spike, or a meter bypass was removed",
    "zero": "zero: an outage, or a meter bypass",
    "stuck": "stuck: the register repeats one value",
    "silent": "silent: no readings",
}  # by Suspect.kind
