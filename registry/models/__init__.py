"""The tables, a file per noun. Importing this package makes all of them known to SQLModel."""

from registry.models.account import Account, SignIn, SignInFailure
from registry.models.coordination import AssessedNeed, LeadWeights, NeedImport
from registry.models.history import Change, Outbox
from registry.models.imports import Import, ImportItem, KeptSource
from registry.models.mechanism import MechanismVersion
from registry.models.organisation import ContactPoint, Mandate, Organisation, OrganisationName
from registry.models.overlap import (
    CaseComment,
    OverlapCase,
    OverlapJob,
    OverlapPair,
    OverlapRun,
    ProjectProfile,
)
from registry.models.paris_declaration import ParisAnswers
from registry.models.project import (
    DIMENSIONS,
    Participation,
    Project,
    ProjectCountry,
    ProjectVector,
    Relation,
    now,
)
from registry.models.request import (
    AssistanceOffer,
    AssistanceRequest,
    OfferPartner,
    RequestNotice,
    RequestVector,
)
from registry.models.saved_search import ProjectNews, SavedSearch
from registry.models.search import SynonymList

__all__ = [
    "DIMENSIONS",
    "Account",
    "AssessedNeed",
    "AssistanceOffer",
    "AssistanceRequest",
    "CaseComment",
    "Change",
    "ContactPoint",
    "Import",
    "ImportItem",
    "KeptSource",
    "LeadWeights",
    "Mandate",
    "MechanismVersion",
    "NeedImport",
    "OfferPartner",
    "Organisation",
    "OrganisationName",
    "Outbox",
    "OverlapCase",
    "OverlapJob",
    "OverlapPair",
    "OverlapRun",
    "ParisAnswers",
    "Participation",
    "Project",
    "ProjectCountry",
    "ProjectNews",
    "ProjectProfile",
    "ProjectVector",
    "Relation",
    "RequestNotice",
    "RequestVector",
    "SavedSearch",
    "SignIn",
    "SignInFailure",
    "SynonymList",
    "now",
]
