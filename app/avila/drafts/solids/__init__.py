"""Things in the round: parts put together, and how they become a `Form`."""
