//! The facets that only an audit asks for, all at the same time.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_iam::types::AssignmentStatusType;

use super::regions::{self, Regions};
use super::{
    account_summary, credential_report, identity_providers, keep, keep_each, mfa, root_management,
    server_certificates, wanted,
};
use crate::account::credential_report::CredentialReport;
use crate::account::part::Part;
use crate::account::snapshot::{
    IdentityProviders, RootManagement, ServerCertificate, Snapshot, VirtualMfaDevice,
};
use crate::aws::Aws;
use crate::aws::error::ApiError;

/// What was read of them.
pub(super) struct Audit {
    virtual_mfa: Option<Result<Vec<VirtualMfaDevice>, ApiError>>,
    credential_report: Option<Result<CredentialReport, ApiError>>,
    account_summary: Option<Result<BTreeMap<String, i64>, ApiError>>,
    server_certificates: Option<Result<Vec<ServerCertificate>, ApiError>>,
    identity_providers: Option<Result<IdentityProviders, ApiError>>,
    root_management: Option<Result<RootManagement, ApiError>>,
    regions: Option<Regions>,
}

pub(super) async fn read(aws: &Aws, parts: &BTreeSet<Part>) -> Audit {
    let asks = |part| parts.contains(&part);
    let regions = async { if asks(Part::Analyzers) { Some(regions::read(aws).await) } else { None } };
    let (
        virtual_mfa,
        credential_report,
        account_summary,
        server_certificates,
        identity_providers,
        root_management,
        regions,
    ) = futures::join!(
        wanted(asks(Part::VirtualMfa), mfa::read(aws, AssignmentStatusType::Assigned)),
        wanted(asks(Part::CredentialReport), credential_report::read(aws)),
        wanted(asks(Part::AccountSummary), account_summary::read(aws)),
        wanted(asks(Part::ServerCertificates), server_certificates::read(aws)),
        wanted(asks(Part::IdentityProviders), identity_providers::read(aws)),
        wanted(asks(Part::RootManagement), root_management::read(aws)),
        regions,
    );
    Audit {
        virtual_mfa,
        credential_report,
        account_summary,
        server_certificates,
        identity_providers,
        root_management,
        regions,
    }
}

impl Audit {
    /// Puts what was read into the picture.
    pub(super) fn keep(self, snapshot: &mut Snapshot, errors: &mut Vec<ApiError>) {
        keep(self.virtual_mfa, &mut snapshot.virtual_mfa, errors);
        keep(self.credential_report, &mut snapshot.credential_report, errors);
        keep(self.account_summary, &mut snapshot.account_summary, errors);
        keep(self.server_certificates, &mut snapshot.server_certificates, errors);
        keep(self.identity_providers, &mut snapshot.identity_providers, errors);
        keep(self.root_management, &mut snapshot.root_management, errors);
        if let Some(regions) = self.regions {
            keep(Some(regions.enabled), &mut snapshot.regions, errors);
            keep_each(regions.analyzers, &mut snapshot.analyzers_by_region, errors);
        }
    }
}
