"""The same jobs, watched by what one might pick instead: `python3 -m local bench beside`.

Each is a program of its own, in an environment of its own (`.local/beside-…`), written as its manual says: `loop`,
`durable_task`, `dbos_workflow`.  What they are given and what they print is in `work`; what is measured of them, and of
this app, in `measure`.
"""
