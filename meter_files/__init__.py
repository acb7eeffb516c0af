"""Reads the meter data files that people hold: what each says, as channels of one shape, and the energy in them."""
