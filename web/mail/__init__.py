"""Messages: what they say, how they are sent, and when."""
