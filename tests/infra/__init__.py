"""Of the synthesized stack: facts, and what the tools of the trade say of it."""
