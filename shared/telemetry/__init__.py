"""Application Insights: our events, and the exporter behind them."""
