"""What the unmodified `azure-ai-ml` client speaks, translated to the studio's services."""
