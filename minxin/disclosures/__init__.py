"""The glass counter for public money: budgets and their tables, the glass pipe of payments, who publishes in time."""
