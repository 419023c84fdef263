"""From a prompt to a `Scene`: words, phrases, decisions, and the texts that explain them."""
