"""A folder as a channel: its settings, and the store that they open."""

from __future__ import annotations

from typing import ClassVar

from pydantic import BaseModel, field_validator

from orderflow.channels.channel import Channel
from orderflow.channels.filestore import FileStore
from orderflow.channels.folder.store import open_folder
from orderflow.channels.settings import FileSettings
from orderflow.net.addresses import private_target, refuses_private


class FolderSettings(FileSettings):
    """What a folder asks."""

    @field_validator("export_path", "ack_path")
    @classmethod
    def _same_folder_for_every_process(cls, path: str | None) -> str | None:
        if path is not None and not path.startswith("/"):
            raise ValueError("must begin with / for mode filesystem")
        return path


class FolderChannel(Channel):
    """Files in a folder of this machine."""

    mode: ClassVar[str] = "filesystem"
    about: ClassVar[str] = "a folder on, or mounted into, OrderFlow's machine"
    settings: ClassVar[type[BaseModel]] = FolderSettings

    def open(self, settings: FolderSettings, *, apart: str = "") -> FileStore:
        """Return the folder's store. Raises NeedsAttentionError: folders of this machine are not allowed."""
        if refuses_private():
            raise private_target("A folder on OrderFlow's own machine")
        return open_folder(fsync=settings.fsync)
