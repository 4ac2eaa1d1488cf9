"""The same jobs, watched by alternatives: `python3 -m local bench beside`.

Each alternative is a program in its own environment (`.local/beside-…`), written according to its manual: `loop`,
`durable_task`, `dbos_workflow`.  `work` defines their input and output; `measure` measures them and this app.
"""
