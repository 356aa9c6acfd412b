"""What a run leaves: tile store, release, manifest, STAC, QGIS project, tables."""
