"""What is suspect about a reading, in words."""

MEANINGS = {
    "high": "high: the register spikes, or a theft ended",
    "zero": "zero: an outage, or a bypass",
    "stuck": "stuck: the register repeats a reading",
    "silent": "silent: nothing was read",
}  # by Suspect.kind
