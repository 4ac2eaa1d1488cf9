"""The simulated APIs.  To add one, add a file here and a line below."""

from local.simulator.apis.access_control import ACCESS_CONTROL
from local.simulator.apis.api import Api, View
from local.simulator.apis.reality_analysis import REALITY_ANALYSIS
from local.simulator.apis.reporting import REPORTING
from local.simulator.apis.schedules import SCHEDULES

APIS = (ACCESS_CONTROL, REALITY_ANALYSIS, REPORTING, SCHEDULES)

__all__ = ["ACCESS_CONTROL", "APIS", "REALITY_ANALYSIS", "REPORTING", "SCHEDULES", "Api", "View"]
