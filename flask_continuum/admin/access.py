"""What the person at the page may see and do: the policy's word, asked the same way everywhere."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from flask_continuum.admin import shapes
from flask_continuum.engine.registry import VersionedClass
from flask_continuum.policy import Action, Decision, Policy


@dataclass(frozen=True, slots=True)
class Access:
    """The policy, with the person it decides about.

    :ivar user: the logged-in user, ``None`` when nobody is logged in.
    """

    user: Any
    policy: Policy

    def enters(self) -> Decision:
        """May this person see the history at all?"""
        return self.policy.decide(Action.VIEW, self.user)

    def sees_model(self, model: type[Any]) -> bool:
        """May this person see that the model has a history?"""
        return self.policy.decide(Action.VIEW, self.user, model=model).allowed

    def sees(self, model: type[Any], *, record: Any = None, version: Any = None) -> bool:
        """May this person see the history of this record?"""
        return self.policy.decide(
            Action.VIEW, self.user, model=model, record=record, version=version
        ).allowed

    def shows(self, model: type[Any], record: Any, field: str) -> bool:
        """May this person see this field of a record that has no history?"""
        return self.policy.decide(
            Action.VIEW_FIELD, self.user, model=model, record=record, field=field
        ).allowed

    def may_revert(
        self,
        model: type[Any],
        *,
        record: Any = None,
        version: Any = None,
        field: str | None = None,
        relationship: str | None = None,
    ) -> Decision:
        """May this person bring the record, or this part of it, back to what it was?"""
        return self.policy.decide(
            Action.REVERT,
            self.user,
            model=model,
            record=record,
            version=version,
            field=field,
            relationship=relationship,
        )

    def may_undo(
        self, model: type[Any] | None = None, *, record: Any = None, version: Any = None
    ) -> Decision:
        """May this person undo transactions, or what one did to this record?"""
        return self.policy.decide(
            Action.UNDO, self.user, model=model, record=record, version=version
        )

    def may_export(
        self, model: type[Any] | None = None, *, record: Any = None, version: Any = None
    ) -> Decision:
        """May this person take the history of this, or of everything, away as a file?"""
        return self.policy.decide(
            Action.EXPORT, self.user, model=model, record=record, version=version
        )

    def may_view_access_log(self) -> Decision:
        """May this person see who looked at the history?"""
        return self.policy.decide(Action.VIEW_ACCESS_LOG, self.user)

    def masks(
        self, versioned: VersionedClass, *, record: Any = None, versions: Iterable[Any] = ()
    ) -> Mapping[str, str]:
        """Why each hidden field and relationship of a record is hidden, by its key.

        :param versions: every version whose values stand on the page together: what is hidden in
            one of them is hidden in all, for a difference tells both of its sides.
        """
        hidden: dict[str, str] = {}
        for version in tuple(versions) or (None,):
            for key in versioned.attributes:
                self._note(hidden, versioned.model, record, version, field=key)
            for key in versioned.relationships:
                self._note(hidden, versioned.model, record, version, relationship=key)
                target = shapes.target_of(versioned, key)
                for field in shapes.remote_fields(versioned, key):
                    self._note(hidden, target, None, None, field=field, under=key)
        for key in versioned.relationships:
            for field in shapes.local_fields(versioned, key):
                # A link and the foreign key that makes it tell the same.
                if field in hidden:
                    hidden.setdefault(key, hidden[field])
                elif key in hidden:
                    hidden[field] = hidden[key]
        return hidden

    def _note(
        self,
        hidden: dict[str, str],
        model: type[Any],
        record: Any,
        version: Any,
        *,
        field: str | None = None,
        relationship: str | None = None,
        under: str | None = None,
    ) -> None:
        decision = self.policy.decide(
            Action.VIEW_FIELD,
            self.user,
            model=model,
            record=record,
            version=version,
            field=field,
            relationship=relationship,
        )
        if not decision.allowed:
            hidden.setdefault(under or field or relationship or "", decision.reason)
