"""Pages of people and sharing; each parses, asks a service and renders."""
