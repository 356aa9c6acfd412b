from habitat.domain.radar import unit_fault


def test_decibels_and_amplitudes_are_told_from_linear_power():
    assert unit_fault(0.07) is None
    assert unit_fault(-0.001) is None  # water after noise removal
    assert "decibels" in unit_fault(-11.5)
    assert "amplitudes" in unit_fault(240.0)
