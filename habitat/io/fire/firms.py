"""Where FIRMS is and what its tables have: read by the language too, so without any library."""

BASE_URL = "https://firms.modaps.eosdis.nasa.gov"
#: Columns that every variant of the service has.
NEEDED = ("latitude", "longitude", "acq_date", "acq_time", "confidence", "frp")
