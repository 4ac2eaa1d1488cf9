"""Runs the deployed KQL queries on this machine: on DuckDB, over the envelopes that the app has sent.

duckdb-kql rejects what it does not support, so its results are reliable.
"""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Iterable, Mapping
from typing import Any

import duckdb
import duckdb_kql

from local.setup.bootstrap import ROOT

INFRA = ROOT / "infra"

#: The default values of the workbook's filters.  Those of multiple choices include quotes.
UNFILTERED = {"Api": "'*'", "Outcome": "'*'", "Label": "*"}

#: The columns that queries may use: those of https://learn.microsoft.com/azure/azure-monitor/reference/tables/appevents
#: and apptraces, with their names in Application Insights, as far as we use them.
TABLES = """
create table customEvents (timestamp timestamptz, name varchar, customDimensions json, customMeasurements json,
                           operation_Id varchar, cloud_RoleName varchar, itemId varchar, itemCount int);
create table traces (timestamp timestamptz, message varchar, severityLevel int, operation_Id varchar);
"""

Rows = list[dict[str, Any]]


def load(envelopes: Iterable[Mapping[str, Any]]) -> duckdb.DuckDBPyConnection:
    """Create the tables from these envelopes as Application Insights does; each event gets an `itemId`."""
    database: duckdb.DuckDBPyConnection = duckdb_kql.connect()
    database.execute(TABLES)
    for envelope in envelopes:
        event, tags = envelope["data"]["baseData"], envelope["tags"]
        database.execute(
            "insert into customEvents values (?, ?, ?, ?, ?, ?, ?, 1)",
            [
                envelope["time"],
                event["name"],
                json.dumps(event["properties"]),
                json.dumps(event.get("measurements") or {}),
                tags.get("ai.operation.id"),
                tags.get("ai.cloud.role"),
                str(uuid.uuid4()),
            ],
        )
    return database


def run(database: duckdb.DuckDBPyConnection, query: str, **filters: str) -> Rows:
    """Run a query; `filters` are the parameter values that the workbook inserts into the text.

    The arrival time is unknown here; the time of the event replaces it.
    """
    values = UNFILTERED | filters
    text = re.sub(r"\{(\w+)\}", lambda match: values[match[1]], query).replace("ingestion_time()", "timestamp")
    relation = duckdb_kql.query(database, text)
    return [dict(zip(relation.columns, row, strict=True)) for row in relation.fetchall()]


def workbook() -> dict[str, Any]:
    """Return the workbook of the repository."""
    return dict(json.loads((INFRA / "workbook.json").read_text(encoding="utf-8")))


def charts() -> dict[str, dict[str, Any]]:
    """Return the contents of the workbook's items with a query, by name."""
    return {item["name"]: item["content"] for item in workbook()["items"] if "query" in item["content"]}


def shipped() -> dict[str, str]:
    """Return all queries, by a name that says where they are."""
    queries = {f"workbook/{name}": str(chart["query"]) for name, chart in charts().items()}
    for item in workbook()["items"]:
        for parameter in item["content"].get("parameters", []):
            if "query" in parameter:
                queries[f"workbook/filter {parameter['name']}"] = parameter["query"]
    for path in sorted((INFRA / "queries").rglob("*.kql")):
        queries[str(path.relative_to(INFRA / "queries").with_suffix(""))] = path.read_text(encoding="utf-8")
    return queries
