"""Which fields and links of a model a person may ask for by name."""

from __future__ import annotations

from typing import Any

from flask_continuum.admin import shapes
from flask_continuum.admin.visit import Visit
from flask_continuum.engine.registry import VersionedClass
from flask_continuum.presenters.labels import humanise


def fields_of_model(
    visit: Visit,
    versioned: VersionedClass,
    *,
    record: Any = None,
    versions: tuple[Any, ...] = (),
) -> dict[str, str]:
    """The recorded fields and links that are not hidden, key and label.

    :param record: the record as it is now, where one is meant.
    :param versions: its versions that are meant.
    """
    masks = visit.masks(versioned, record=record, versions=versions)
    references = shapes.reference_of_field(versioned)
    found = {
        key: humanise(references.get(key, key))
        for key in versioned.attributes
        if key not in masks and key not in versioned.key_attributes
    }
    found |= {
        name: humanise(name) for name in shapes.recorded_links(versioned) if name not in masks
    }
    return found
