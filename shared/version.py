"""Which version this is: the only place that says it.  `pyproject.toml` reads it, without importing anything."""

VERSION = "0.1.0"

#: What the app calls itself to the platform and to receivers of callbacks (RFC 9110, section 10.1.5).
USER_AGENT = f"itwin-job-watch/{VERSION}"
