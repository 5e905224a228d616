"""The addresses of the pages of people and sharing."""

from __future__ import annotations

from django.urls import path

from studio.workspaces.views import entering, keys, people

urlpatterns = [
    path("login/", entering.sign_in, name="login"),
    path("logout/", entering.sign_out, name="logout"),
    path("setup/<str:secret>/", entering.set_up, name="setup"),
    path("invite/<str:secret>/", entering.accept, name="invite"),
    path("profile/", entering.profile, name="profile"),
    path("preferences/theme", entering.theme, name="theme"),
    path("workspaces/", people.workspaces, name="workspaces"),
    path("w/<str:workspace>/members/", people.members, name="members"),
    path("w/<str:workspace>/members/invite", people.invite, name="member-invite"),
    path("w/<str:workspace>/members/<int:pk>", people.change_member, name="member-change"),
    path("w/<str:workspace>/invitations/<int:pk>", people.withdraw, name="invitation-withdraw"),
    path("w/<str:workspace>/roles/", people.roles, name="roles"),
    path("w/<str:workspace>/roles/<int:pk>", people.change_role, name="role-change"),
    path("w/<str:workspace>/settings/", people.settings, name="workspace-settings"),
    path("w/<str:workspace>/settings/save", people.change_settings, name="workspace-change"),
    path("w/<str:workspace>/tokens/", keys.tokens, name="tokens"),
    path("w/<str:workspace>/tokens/<int:pk>/revoke", keys.revoke, name="token-revoke"),
    path("w/<str:workspace>/service-accounts/", keys.service_accounts, name="service-accounts"),
    path(
        "w/<str:workspace>/service-accounts/<int:pk>",
        keys.change_service_account,
        name="service-account-change",
    ),
    path("w/<str:workspace>/secrets/", keys.secrets, name="secrets"),
    path("w/<str:workspace>/secrets/set", keys.set_secret, name="secret-set"),
    path("w/<str:workspace>/secrets/<int:pk>/delete", keys.delete_secret, name="secret-delete"),
    path("w/<str:workspace>/activity/", keys.activity, name="activity"),
]
