import numpy as np
import pytest

from habitat.domain.weather import Weather


def weather(time, cells=1, **changes):
    time = np.array(time, dtype="datetime64[s]")
    names = ("temperature_c", "humidity_pct", "wind_kmh", "rain_mm")
    values = {name: np.full((len(time), cells), 5, dtype=np.float32) for name in names}
    return Weather(np.zeros(cells), np.zeros(cells), time, **values | changes, source="test")


def test_the_hours_follow_each_other():
    assert weather(["2025-03-22T03", "2025-03-22T04"]).complete.all()
    with pytest.raises(ValueError, match="every hour once"):
        weather(["2025-03-22T03", "2025-03-22T05"])


def test_all_quantities_have_hours_by_cells():
    with pytest.raises(ValueError, match="expected shape"):
        weather(["2025-03-22T03"], cells=2, rain_mm=np.zeros((1, 1), dtype=np.float32))
