"""The simulated APIs.  To add one, add a file here and a line below."""

from local.simulator.apis.access_control import ACCESS_CONTROL
from local.simulator.apis.api import Api, Document
from local.simulator.apis.carbon import CARBON_EC3, CARBON_ONECLICKLCA
from local.simulator.apis.changed_elements import CHANGED_ELEMENTS, CHANGED_ELEMENTS_V3
from local.simulator.apis.event import Event
from local.simulator.apis.grouping_and_mapping import GROUPING_AND_MAPPING
from local.simulator.apis.imodels import CHANGESET_CHECKPOINT, IMODELS_CREATE, NAMED_VERSION_CHECKPOINT
from local.simulator.apis.itwins import ITWINS_EXPORT
from local.simulator.apis.library import LIBRARY
from local.simulator.apis.mesh_export import MESH_EXPORT
from local.simulator.apis.reality_v1 import REALITY_ANALYSIS, REALITY_CONVERSION, REALITY_MODELING_V1
from local.simulator.apis.reality_v2 import REALITY_ANALYSIS_V2, REALITY_CONVERSION_V2, REALITY_MODELING
from local.simulator.apis.reporting import REPORTING
from local.simulator.apis.runs import EXPORT, SYNCHRONIZATION_MANIFEST, SYNCHRONIZATION_STORAGE
from local.simulator.apis.schedules import SCHEDULES
from local.simulator.apis.start import Order, Release, Reply, Start
from local.simulator.apis.transformations import TRANSFORMATIONS
from local.simulator.apis.view import Body, View

APIS = (
    ACCESS_CONTROL,
    REALITY_ANALYSIS,
    REALITY_ANALYSIS_V2,
    REALITY_MODELING_V1,
    REALITY_MODELING,
    REALITY_CONVERSION,
    REALITY_CONVERSION_V2,
    REPORTING,
    GROUPING_AND_MAPPING,
    CARBON_EC3,
    CARBON_ONECLICKLCA,
    SCHEDULES,
    LIBRARY,
    ITWINS_EXPORT,
    MESH_EXPORT,
    IMODELS_CREATE,
    NAMED_VERSION_CHECKPOINT,
    CHANGESET_CHECKPOINT,
    SYNCHRONIZATION_STORAGE,
    SYNCHRONIZATION_MANIFEST,
    EXPORT,
    CHANGED_ELEMENTS,
    CHANGED_ELEMENTS_V3,
    TRANSFORMATIONS,
)

__all__ = [
    "ACCESS_CONTROL",
    "APIS",
    "REALITY_ANALYSIS",
    "REPORTING",
    "SCHEDULES",
    "Api",
    "Body",
    "Document",
    "Event",
    "Order",
    "Release",
    "Reply",
    "Start",
    "View",
]
