"""Files on their way into the registry: planned, looked at, applied, all or nothing.

`uploads` keeps the bytes, `planner` decides what becomes of each record, `items` stores that,
`planning` and `applying` do the two halves of an import in pieces that can be taken up again,
`runs` is what people see and ask for, `worker` does the work, and `whole` does all of it at once
inside one transaction. `sources` are files that come again.
"""
