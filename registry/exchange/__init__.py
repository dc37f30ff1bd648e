"""Exchange: the formats that projects come in and go out in, and the record where they meet."""
