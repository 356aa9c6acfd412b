"""Open files or a project in a headless QGIS and say what a user would see.

Run by the system's python3.

usage: QT_QPA_PLATFORM=offscreen qgis_check.py OUT_DIR FILE...
prints one JSON object, file -> facts; writes a PNG per layer
"""

import json
import os
import sys
from pathlib import Path

from osgeo import gdal
from qgis.core import (
    Qgis,
    QgsApplication,
    QgsLayerTreeModel,
    QgsMapRendererSequentialJob,
    QgsMapSettings,
    QgsProject,
    QgsRasterLayer,
    QgsVectorLayer,
)
from qgis.PyQt.QtCore import QSize
from qgis.PyQt.QtGui import QColor

WIDTH_PX, HEIGHT_PX = 560, 420


def legend_labels(layer):
    """Return the labels of the legend nodes of a layer."""
    root = QgsProject.instance().layerTreeRoot()
    model = QgsLayerTreeModel(root)
    node = root.findLayer(layer.id()) or root.addLayer(layer)
    return [str(n.data(0) or "") for n in model.layerLegendNodes(node)]


def render(layers, path, crs):
    """Draw layers on magenta, so that what is transparent shows; return colours of the image."""
    settings = QgsMapSettings()
    settings.setLayers(layers)
    settings.setDestinationCrs(crs)
    settings.setBackgroundColor(QColor("#ff00ff"))
    settings.setOutputSize(QSize(WIDTH_PX, HEIGHT_PX))
    extent = layers[-1].extent()
    extent.scale(1.1)
    settings.setExtent(extent)
    job = QgsMapRendererSequentialJob(settings)
    job.start()
    job.waitForFinished()
    image = job.renderedImage()
    image.save(str(path))
    colours = {}
    for y in range(0, image.height(), 3):
        for x in range(0, image.width(), 3):
            name = image.pixelColor(x, y).name()
            colours[name] = colours.get(name, 0) + 1
    return colours


def raster_facts(layer):
    provider = layer.dataProvider()
    return {
        "renderer": layer.renderer().type(),
        "bands": [layer.bandName(i + 1) for i in range(layer.bandCount())],
        "nodata": provider.sourceNoDataValue(1) if provider.sourceHasNoDataValue(1) else None,
        **gdal_facts(layer.source()),
    }


def gdal_facts(path):
    """Say what the GDAL of QGIS reads beside the pixels."""
    dataset = gdal.Open(path)  # a band dies with its dataset
    band = dataset.GetRasterBand(1)
    table = band.GetDefaultRAT()
    return {
        "overviews": band.GetOverviewCount(),
        "categories": band.GetCategoryNames() or [],
        "rat_rows": table.GetRowCount() if table else 0,
        "statistics": band.GetStatistics(True, False),
    }


def vector_facts(layer):
    return {
        "renderer": layer.renderer().type(),
        "features": layer.featureCount(),
        "fields": {f.name(): f.typeName() for f in layer.fields()},
    }


def project_facts(path, out_dir):
    """Open a project; list its tree from the top, and draw what is switched on."""
    project = QgsProject.instance()
    opened = project.read(path)
    tree = project.layerTreeRoot()
    shown = tree.checkedLayers()
    return {
        "valid": opened,
        "crs": project.crs().authid(),
        "title": project.title(),
        "broken": [one.name() for one in project.mapLayers().values() if not one.isValid()],
        "groups": {
            group.name(): [node.name() for node in group.findLayers()]
            for group in tree.findGroups()
        },
        "shown": [one.name() for one in shown],
        "labels": {one.name(): legend_labels(one) for one in project.mapLayers().values()},
        "times": {
            one.name(): one.temporalProperties().fixedTemporalRange().begin().toString("yyyy-MM-dd")
            for one in project.mapLayers().values()
            if isinstance(one, QgsRasterLayer) and one.temporalProperties().isActive()
        },
        "colours": render(shown, out_dir / "project.png", project.crs()) if shown else {},
    }


def facts(source, out_dir):
    if source.endswith(".qgz"):
        return project_facts(source, out_dir)
    path, _, table = source.partition("|layername=")
    name = table or Path(path).stem
    raster = path.endswith(".tif")
    layer = QgsRasterLayer(path, name) if raster else QgsVectorLayer(source, name, "ogr")
    if not layer.isValid():
        return {"valid": False}
    QgsProject.instance().addMapLayer(layer, False)
    return {
        "valid": True,
        "crs": layer.crs().authid(),
        "labels": legend_labels(layer),
        "colours": render([layer], out_dir / f"{name}.png", layer.crs()),
        **(raster_facts(layer) if raster else vector_facts(layer)),
    }


def main():
    out_dir, sources = Path(sys.argv[1]), sys.argv[2:]
    QgsApplication.setPrefixPath("/usr", True)
    application = QgsApplication([], False)
    application.initQgis()
    result = {"version": Qgis.QGIS_VERSION, **{s: facts(s, out_dir) for s in sources}}
    sys.stdout.write(json.dumps(result))
    sys.stdout.flush()
    os._exit(0)  # a normal exit may crash once layers were made


if __name__ == "__main__":
    main()
