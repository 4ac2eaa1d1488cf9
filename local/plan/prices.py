"""What Azure charges, in US dollars: list prices, before the monthly free grants, as seen on 2026-11-22.

They vary with region and contract: look before you quote.  None was confirmed on a bill.
"""

#: Flex Consumption, on demand: https://azure.microsoft.com/pricing/details/functions, whose figures are set by region;
#: these are East US's as repeated by https://modal.com/blog/azure-function-pricing-guide (2025-05-22).
#: Not subtracted: the first 250,000 executions and 100,000 GB-s of each month are free.
EXECUTION = 0.40 / 1e6
GB_SECOND = 0.000026

#: A general-purpose v2 account, locally redundant: $0.004 for 10,000 operations of either class on queues, $0.00036 for
#: 10,000 on tables (infracost's test data, storage_queue_test.golden and storage_table_test.golden).  With
#: customer-managed keys for tables these cost 90 times as much and more.
QUEUE_REQUEST = 0.004 / 1e4
TABLE_REQUEST = 0.00036 / 1e4

#: Application Insights, by volume: $2.30 to $2.88, by region.  https://azure.microsoft.com/pricing/details/monitor
INGESTED_GB = 2.88

#: A log alert a month, by the minutes between its looks, for one time series: infracost's test data,
#: monitor_scheduled_query_rules_alert_test.golden.  Each further series at the same time is charged apart.
ALARM = {5: 1.50, 15: 0.50}

#: A private endpoint an hour, and a private zone of names a month.  From memory: unconfirmed.
PRIVATE_ENDPOINT, PRIVATE_ZONE = 0.01, 0.50

#: A GB of an instance that is always ready, a second, whether it works or not.  From memory: unconfirmed.
READY_GB_SECOND = 0.000004
