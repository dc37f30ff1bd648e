"""What organisations answer about their projects and the Paris Declaration."""

from datetime import datetime
from typing import Any

from sqlalchemy import DateTime
from sqlmodel import Field, SQLModel

from registry.models.project import json_object, now


class ParisAnswers(SQLModel, table=True):
    """The answers of a project; a project without a row has answered nothing."""

    __tablename__ = "paris_answers"
    project_id: int = Field(foreign_key="project.id", primary_key=True)
    language: str = "en"
    """In which the sentences are written: en, fr or es."""
    answers: dict[str, Any] = json_object()
    """Principle -> {"answer": yes, partly or no, "sentence", "evidence": an address or ""}; what is
    not said has no entry."""
    version: int = 1
    updated_at: datetime = Field(default_factory=now, sa_type=DateTime(timezone=True))
