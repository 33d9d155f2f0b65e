"""Keeping a history in hand: one module for each job, all of them set-based."""

from __future__ import annotations

from flask_continuum.engine.maintenance.baseline import baseline
from flask_continuum.engine.maintenance.checkup.symptoms import (
    Diagnosis,
    Severity,
    Symptom,
    SymptomKind,
)
from flask_continuum.engine.maintenance.doctor import doctor
from flask_continuum.engine.maintenance.erase import Erasure, erase
from flask_continuum.engine.maintenance.findings import Finding, FindingKind, Report
from flask_continuum.engine.maintenance.prune import prune
from flask_continuum.engine.maintenance.repair import Repair, repair
from flask_continuum.engine.maintenance.seal import seal
from flask_continuum.engine.maintenance.vacuum import vacuum
from flask_continuum.engine.maintenance.verify import verify

__all__ = [
    "Diagnosis",
    "Erasure",
    "Finding",
    "FindingKind",
    "Repair",
    "Report",
    "Severity",
    "Symptom",
    "SymptomKind",
    "baseline",
    "doctor",
    "erase",
    "prune",
    "repair",
    "seal",
    "vacuum",
    "verify",
]
