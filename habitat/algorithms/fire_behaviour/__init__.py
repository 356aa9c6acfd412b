"""Fire behaviour: spread and intensity by fuel, and the level of a day."""
