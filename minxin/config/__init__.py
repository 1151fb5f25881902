"""Assembles the house: settings, urls, command line, servers. Nobody imports it."""
