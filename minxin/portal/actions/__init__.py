"""What the front door does by itself: it builds the demo, by calling the actions of the floors below."""
