"""Division of labour and money: what the projects of several organisations amount to together."""
