"""The cast, until the root conftest names the plugin for the whole house."""

from minxin.directory.tests.fixtures import _cast, bare, cast

__all__ = ["_cast", "bare", "cast"]
