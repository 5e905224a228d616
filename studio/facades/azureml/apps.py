"""The app of the Azure facade; it teaches the sign-in to read its tokens and keeps the names of uploaded files."""

from __future__ import annotations

from django.apps import AppConfig


class AzureMLConfig(AppConfig):
    name = "studio.facades.azureml"
    label = "azureml"
    verbose_name = "azure-ai-ml clients"

    def ready(self) -> None:
        """Let every route of the studio accept the facade's JWTs beside the plain tokens."""
        from registry.datastores import own
        from studio.facades.azureml import containers, tokens
        from studio.workspaces import authentication

        own.provide(containers)
        if tokens.read not in authentication.token_readers:
            authentication.token_readers.append(tokens.read)
