"""The commands of `convene`: as thin as the pages.

Each module has `add_commands(commands, shared)`, which names its arguments, and for each command a
function that opens what it needs, calls the registry or search, and shows the result.
"""
