"""Only how staff's pages write days and times: as everywhere here, day first, 24 hours, and the zone, which is UTC."""

DATE_FORMAT = "j M Y"
TIME_FORMAT = "H:i"
DATETIME_FORMAT = "j M Y, H:i T"
