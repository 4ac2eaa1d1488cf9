"""The remote APIs that can be watched.  Listed by hand, so that a search finds every use and the order is ours."""

from shared.apis.access_control import ACCESS_CONTROL
from shared.apis.carbon_ec3 import CARBON_EC3
from shared.apis.carbon_oneclicklca import CARBON_ONECLICKLCA
from shared.apis.changed_elements import CHANGED_ELEMENTS
from shared.apis.changed_elements_v3 import CHANGED_ELEMENTS_V3
from shared.apis.export import EXPORT
from shared.apis.grouping_and_mapping import GROUPING_AND_MAPPING
from shared.apis.imodels_checkpoint import IMODELS_CHECKPOINT
from shared.apis.imodels_create import IMODELS_CREATE
from shared.apis.itwins_export import ITWINS_EXPORT
from shared.apis.library import LIBRARY
from shared.apis.mesh_export import MESH_EXPORT
from shared.apis.reality_analysis import REALITY_ANALYSIS
from shared.apis.reality_analysis_v2 import REALITY_ANALYSIS_V2
from shared.apis.reality_conversion import REALITY_CONVERSION
from shared.apis.reality_conversion_v2 import REALITY_CONVERSION_V2
from shared.apis.reality_modeling import REALITY_MODELING
from shared.apis.reality_modeling_v1 import REALITY_MODELING_V1
from shared.apis.reporting import REPORTING
from shared.apis.schedules import SCHEDULES
from shared.apis.synchronization_manifest import SYNCHRONIZATION_MANIFEST
from shared.apis.synchronization_storage import SYNCHRONIZATION_STORAGE
from shared.apis.transformations import TRANSFORMATIONS

APIS = {
    api.name: api
    for api in (
        ACCESS_CONTROL,
        REALITY_ANALYSIS,
        REPORTING,
        SCHEDULES,
        REALITY_ANALYSIS_V2,
        REALITY_MODELING,
        REALITY_MODELING_V1,
        REALITY_CONVERSION_V2,
        REALITY_CONVERSION,
        GROUPING_AND_MAPPING,
        CARBON_EC3,
        CARBON_ONECLICKLCA,
        TRANSFORMATIONS,
        CHANGED_ELEMENTS,
        CHANGED_ELEMENTS_V3,
        SYNCHRONIZATION_STORAGE,
        SYNCHRONIZATION_MANIFEST,
        EXPORT,
        IMODELS_CREATE,
        IMODELS_CHECKPOINT,
        MESH_EXPORT,
        ITWINS_EXPORT,
        LIBRARY,
    )
}
