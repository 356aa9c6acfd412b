"""A landscape of the border zone with known truth, made of hashed noise; pure functions."""
