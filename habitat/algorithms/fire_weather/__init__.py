"""Fire weather: the Canadian daily codes and the hourly grass components."""
