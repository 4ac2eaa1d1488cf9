"""The same jobs, watched by alternatives: `python3 -m local bench beside`.

Each alternative is a program in its own environment (`.local/beside-…`), written according to its manual: `loop`,
`durable_task`, `dbos_workflow`, `restate_workflow`.  `work` defines their input and output; `servers` starts those that
keep the state of some; `measure` measures them and this app.
"""
