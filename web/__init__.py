"""The faces of Convene: pages, the JSON API and the command line. No rules of the domain here."""
