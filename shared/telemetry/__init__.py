"""Application Insights: the app's events, and the exporter that sends them."""
