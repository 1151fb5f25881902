"""What is stored, and what can never be false. Django finds models here; each file knows one part."""

from minxin.cases.models.case import Case, Custodian, Filing, FilingKey, PublicCase, Reading, Support
from minxin.cases.models.catalogue import Category, ClockRule, DutyRow, KeywordRow
from minxin.cases.models.handling import Appeal, Assignment, Clock, Contact, Extension, Signature, SlipRow, Visit
from minxin.cases.models.outcome import Measure, Money, Rating, RuleChange
from minxin.cases.models.tally import Tally, TallyDelta
from minxin.cases.models.tray import TrayFile
from minxin.cases.models.words import Attachment, Message, Text

__all__ = [
    "Appeal",
    "Assignment",
    "Attachment",
    "Case",
    "Category",
    "Clock",
    "ClockRule",
    "Contact",
    "Custodian",
    "DutyRow",
    "Extension",
    "Filing",
    "FilingKey",
    "KeywordRow",
    "Measure",
    "Message",
    "Money",
    "PublicCase",
    "Rating",
    "Reading",
    "RuleChange",
    "Signature",
    "SlipRow",
    "Support",
    "Tally",
    "TallyDelta",
    "Text",
    "TrayFile",
    "Visit",
]
