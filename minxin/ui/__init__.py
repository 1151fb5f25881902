"""How it looks: base pages, components, charts, icons, words for dates and money."""
