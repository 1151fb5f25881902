"""The house in a real Chromium: one running house, driven from outside, at a desk's width and at a phone's."""
