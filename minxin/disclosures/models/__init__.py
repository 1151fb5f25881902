"""What is stored of public money, and what can never be false. Each file knows one part."""

from minxin.disclosures.models.broker import CheckRule, Finding, Submission
from minxin.disclosures.models.budget import Appropriation
from minxin.disclosures.models.duty import Duty, DutyRule, Ratification
from minxin.disclosures.models.flow import Flow, FlowDelta, FlowProof, Told
from minxin.disclosures.models.heading import BudgetUnit, Heading
from minxin.disclosures.models.line import Allotment, BudgetLine, Commitment, LineChange
from minxin.disclosures.models.payment import Approval, Order, Payee, Payment, Request, Reversal
from minxin.disclosures.models.publication import CityRun, Entry, Export, Publication
from minxin.disclosures.models.ruling import PipeRule
from minxin.disclosures.models.settlement import Account, Clearing, Difference, Failure, Voucher

__all__ = [
    "Account",
    "Allotment",
    "Appropriation",
    "Approval",
    "BudgetLine",
    "BudgetUnit",
    "CheckRule",
    "CityRun",
    "Clearing",
    "Commitment",
    "Difference",
    "Duty",
    "DutyRule",
    "Entry",
    "Export",
    "Failure",
    "Finding",
    "Flow",
    "FlowDelta",
    "FlowProof",
    "Heading",
    "LineChange",
    "Order",
    "Payee",
    "Payment",
    "PipeRule",
    "Publication",
    "Ratification",
    "Request",
    "Reversal",
    "Submission",
    "Told",
    "Voucher",
]
