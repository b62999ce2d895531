//! What hangs on a user: login profile, access keys, and before a deletion everything else.

use std::collections::BTreeSet;

use super::{each, keep_each, timestamp};
use crate::account::snapshot::{AccessKey, Credentials, CredentialsUnread, OtherCredentials, Snapshot};
use crate::aws::Aws;
use crate::aws::error::{ApiError, ErrorClass};

/// How much of what hangs on a user is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Extent {
    /// The login profile and the access keys.
    Usual,
    /// Everything, as before a deletion.
    All,
}

/// Reads the login profile, the access keys and the MFA devices of these users into a picture, each for itself. Returns
/// why some users could not be read at all; the picture says so too.
pub async fn add(aws: &Aws, users: &BTreeSet<String>, snapshot: &mut Snapshot) -> Vec<ApiError> {
    let read = each(users, |name| async move { parts(aws, &name).await }).await;
    let mut errors = Vec::new();
    keep_each(read, &mut snapshot.credentials, &mut errors);
    errors
}

/// Reads what can be read of the three.
async fn parts(aws: &Aws, name: &str) -> Result<Credentials, ApiError> {
    let resource = format!("user.{name}");
    let (login_profile, access_keys, mfa_devices) = futures::join!(
        has_login_profile(aws, name, &resource),
        access_keys(aws, name, &resource),
        devices(aws, name, &resource),
    );
    let why = |error: &ApiError| error.reason();
    let unread = CredentialsUnread {
        login_profile: login_profile.as_ref().err().map(why),
        access_keys: access_keys.as_ref().err().map(why),
        mfa_devices: mfa_devices.as_ref().err().map(why),
    };
    match (login_profile, access_keys, mfa_devices) {
        (Err(error), Err(_), Err(_)) => Err(error),
        (login_profile, access_keys, mfa_devices) => Ok(Credentials {
            login_profile: login_profile.unwrap_or_default(),
            access_keys: access_keys.unwrap_or_default(),
            mfa_devices: mfa_devices.ok(),
            unread,
            others: None,
        }),
    }
}

pub(super) async fn read(aws: &Aws, name: &str, extent: Extent) -> Result<Credentials, ApiError> {
    let resource = format!("user.{name}");
    let others =
        async { if extent == Extent::All { others(aws, name, &resource).await.map(Some) } else { Ok(None) } };
    let (login_profile, access_keys, others) =
        futures::join!(has_login_profile(aws, name, &resource), access_keys(aws, name, &resource), others,);
    Ok(Credentials {
        login_profile: login_profile?,
        access_keys: access_keys?,
        others: others?,
        ..Credentials::default()
    })
}

async fn has_login_profile(aws: &Aws, name: &str, resource: &str) -> Result<bool, ApiError> {
    let answer = aws
        .find("iam:GetLoginProfile", resource, || aws.iam.get_login_profile().user_name(name).send())
        .await?;
    Ok(answer.is_some())
}

async fn access_keys(aws: &Aws, name: &str, resource: &str) -> Result<Vec<AccessKey>, ApiError> {
    let answer = aws
        .find("iam:ListAccessKeys", resource, || aws.iam.list_access_keys().user_name(name).send())
        .await?;
    let keys = answer.map(|answer| answer.access_key_metadata).unwrap_or_default();
    let key = |key: &aws_sdk_iam::types::AccessKeyMetadata| AccessKey {
        id: key.access_key_id().unwrap_or_default().into(),
        active: key.status() == Some(&aws_sdk_iam::types::StatusType::Active),
        created: timestamp(key.create_date()),
    };
    Ok(keys.iter().map(key).collect())
}

async fn devices(aws: &Aws, name: &str, resource: &str) -> Result<Vec<String>, ApiError> {
    let answer = aws
        .find("iam:ListMFADevices", resource, || aws.iam.list_mfa_devices().user_name(name).send())
        .await?;
    let devices = answer.map(|answer| answer.mfa_devices).unwrap_or_default();
    Ok(devices.into_iter().map(|device| device.serial_number).collect())
}

async fn others(aws: &Aws, name: &str, resource: &str) -> Result<OtherCredentials, ApiError> {
    let (mfa, ssh, certificates, services) = futures::join!(
        devices(aws, name, resource),
        aws.find("iam:ListSSHPublicKeys", resource, || {
            aws.iam.list_ssh_public_keys().user_name(name).send()
        }),
        aws.find("iam:ListSigningCertificates", resource, || {
            aws.iam.list_signing_certificates().user_name(name).send()
        }),
        aws.find("iam:ListServiceSpecificCredentials", resource, || {
            aws.iam.list_service_specific_credentials().user_name(name).send()
        }),
    );
    let ssh = if_known(ssh)?.and_then(|answer| answer.ssh_public_keys).unwrap_or_default();
    let certificates = if_known(certificates)?.map(|answer| answer.certificates).unwrap_or_default();
    let services =
        if_known(services)?.and_then(|answer| answer.service_specific_credentials).unwrap_or_default();
    Ok(OtherCredentials {
        mfa_devices: mfa?,
        ssh_keys: ssh.into_iter().map(|key| key.ssh_public_key_id).collect(),
        certificates: certificates.into_iter().map(|certificate| certificate.certificate_id).collect(),
        service_credentials: services
            .into_iter()
            .map(|credential| credential.service_specific_credential_id)
            .collect(),
    })
}

/// An endpoint that does not know one of these rare calls has none of these rare things.
fn if_known<T>(answer: Result<Option<T>, ApiError>) -> Result<Option<T>, ApiError> {
    match answer {
        Err(error) if error.class == ErrorClass::NotImplemented => Ok(None),
        other => other,
    }
}
