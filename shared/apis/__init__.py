"""The remote APIs that can be watched.  Listed by hand, so that a search finds every use and the order is ours."""

from shared.apis.access_control import ACCESS_CONTROL
from shared.apis.reality_analysis import REALITY_ANALYSIS
from shared.apis.reporting import REPORTING
from shared.apis.schedules import SCHEDULES

APIS = {api.name: api for api in (ACCESS_CONTROL, REALITY_ANALYSIS, REPORTING, SCHEDULES)}
