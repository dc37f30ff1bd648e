"""The tables, a file per noun. Importing this package makes all of them known to SQLModel."""

from registry.models.account import Account, SignIn, SignInFailure
from registry.models.contact import NetworkContact
from registry.models.coordination import AssessedNeed, LeadWeights, NeedImport
from registry.models.follow_up import Recommendation, WorkAction, WorkReminder
from registry.models.history import Change, Outbox
from registry.models.imports import Import, ImportItem, KeptSource
from registry.models.mechanism import MechanismVersion
from registry.models.meeting import AgendaItem, Meeting, MeetingPresence
from registry.models.organisation import ContactPoint, Mandate, Organisation, OrganisationName
from registry.models.overlap import (
    DECIDED,
    OverlapCase,
    OverlapJob,
    OverlapPair,
    OverlapRun,
    ProjectProfile,
    is_decided,
)
from registry.models.paris_declaration import ParisAnswers
from registry.models.practice import PracticeNote, PracticeProject
from registry.models.programme import (
    DivisionShare,
    JointProgramme,
    ProgrammeOrganisation,
    ProgrammeProject,
)
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
from registry.models.review import (
    CaseComment,
    CaseMail,
    CaseNotice,
    CaseVote,
    QuorumRule,
)
from registry.models.saved_search import ProjectNews, SavedSearch
from registry.models.search import SynonymList

__all__ = [
    "DECIDED",
    "DIMENSIONS",
    "Account",
    "AgendaItem",
    "AssessedNeed",
    "AssistanceOffer",
    "AssistanceRequest",
    "CaseComment",
    "CaseMail",
    "CaseNotice",
    "CaseVote",
    "Change",
    "ContactPoint",
    "DivisionShare",
    "Import",
    "ImportItem",
    "JointProgramme",
    "KeptSource",
    "LeadWeights",
    "Mandate",
    "MechanismVersion",
    "Meeting",
    "MeetingPresence",
    "NeedImport",
    "NetworkContact",
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
    "PracticeNote",
    "PracticeProject",
    "ProgrammeOrganisation",
    "ProgrammeProject",
    "Project",
    "ProjectCountry",
    "ProjectNews",
    "ProjectProfile",
    "ProjectVector",
    "QuorumRule",
    "Recommendation",
    "Relation",
    "RequestNotice",
    "RequestVector",
    "SavedSearch",
    "SignIn",
    "SignInFailure",
    "SynonymList",
    "WorkAction",
    "WorkReminder",
    "is_decided",
    "now",
]
