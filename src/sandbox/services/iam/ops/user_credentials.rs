//! The lesser credentials of a user: SSH public keys, signing certificates, service-specific credentials.
//! They sign nothing in the sandbox; they are kept because they are children of a user.

use awsim_core::AwsError;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::access_keys::status;
use crate::sandbox::services::iam::call::{Call, members, put};
use crate::sandbox::services::iam::credentials::{Certificate, Kept, ServiceCredential, SshKey};
use crate::sandbox::services::iam::fault::{self, Reply};
use crate::sandbox::services::iam::ids;

pub(super) fn upload_ssh_key(call: &mut Call<'_>) -> Reply {
    let (name, body) = (call.text("UserName")?, call.text("SSHPublicKeyBody")?);
    let now = call.now;
    let user = call.user(&name)?;
    if !(body.starts_with("ssh-rsa ") || body.starts_with("-----BEGIN ")) {
        return Err(AwsError::bad_request("InvalidPublicKey", "The public key is invalid."));
    }
    if user.ssh_keys.len() >= 5 {
        return Err(fault::quota("SSHPublicKeysPerUser", 5));
    }
    let key = SshKey { id: ids::unique("APKA")?, body, active: true, uploaded: now };
    let answer = json!({ "SSHPublicKey": ssh_key(&user.name, &key) });
    user.ssh_keys.push(key);
    Ok(answer)
}

pub(super) fn get_ssh_key(call: &mut Call<'_>) -> Reply {
    let (name, id) = (call.text("UserName")?, call.text("SSHPublicKeyId")?);
    let user = call.user_seen(&name)?;
    let key = user.ssh_keys.iter().find(|key| key.id == id).ok_or_else(|| no_ssh_key(&id))?;
    Ok(json!({ "SSHPublicKey": ssh_key(&user.name, key) }))
}

pub(super) fn list_ssh_keys(call: &mut Call<'_>) -> Reply {
    let name = call.user_name()?;
    let user = call.user_seen(&name)?;
    let shown = user.ssh_keys.iter().map(|key| {
        let value = json!({
            "UserName": user.name,
            "SSHPublicKeyId": key.id,
            "Status": status(key.active),
            "UploadDate": key.uploaded,
        });
        (key.id.clone(), value)
    });
    let shown = shown.collect();
    call.listing("SSHPublicKeys", shown)
}

pub(super) fn update_ssh_key(call: &mut Call<'_>) -> Reply {
    let (name, id) = (call.text("UserName")?, call.text("SSHPublicKeyId")?);
    let active = wanted_status(call)?;
    let key =
        call.user(&name)?.ssh_keys.iter_mut().find(|key| key.id == id).ok_or_else(|| no_ssh_key(&id))?;
    key.active = active;
    Ok(json!({}))
}

pub(super) fn delete_ssh_key(call: &mut Call<'_>) -> Reply {
    let (name, id) = (call.text("UserName")?, call.text("SSHPublicKeyId")?);
    let keys = &mut call.user(&name)?.ssh_keys;
    let place = keys.iter().position(|key| key.id == id).ok_or_else(|| no_ssh_key(&id))?;
    keys.remove(place);
    Ok(json!({}))
}

pub(super) fn upload_certificate(call: &mut Call<'_>) -> Reply {
    let (name, body) = (call.user_name()?, call.text("CertificateBody")?);
    let now = call.now;
    let user = call.user(&name)?;
    if !body.trim_start().starts_with("-----BEGIN CERTIFICATE-----") {
        return Err(AwsError::bad_request("MalformedCertificate", "Unable to parse certificate."));
    }
    if user.certificates.len() >= 2 {
        return Err(fault::quota("SigningCertificatesPerUser", 2));
    }
    let certificate =
        Certificate { id: ids::seed()?.chars().take(32).collect(), body, active: true, uploaded: now };
    let answer = json!({ "Certificate": shown_certificate(&user.name, &certificate) });
    user.certificates.push(certificate);
    Ok(answer)
}

pub(super) fn list_certificates(call: &mut Call<'_>) -> Reply {
    let name = call.user_name()?;
    let user = call.user_seen(&name)?;
    let shown = user.certificates.iter();
    let shown = shown.map(|one| (one.id.clone(), shown_certificate(&user.name, one))).collect();
    call.listing("Certificates", shown)
}

pub(super) fn update_certificate(call: &mut Call<'_>) -> Reply {
    let (name, id) = (call.user_name()?, call.text("CertificateId")?);
    let active = wanted_status(call)?;
    let found = call.user(&name)?.certificates.iter_mut().find(|one| one.id == id);
    found.ok_or_else(|| no_certificate(&id))?.active = active;
    Ok(json!({}))
}

pub(super) fn delete_certificate(call: &mut Call<'_>) -> Reply {
    let (name, id) = (call.user_name()?, call.text("CertificateId")?);
    let certificates = &mut call.user(&name)?.certificates;
    let place = certificates.iter().position(|one| one.id == id).ok_or_else(|| no_certificate(&id))?;
    certificates.remove(place);
    Ok(json!({}))
}

pub(super) fn create_service_credential(call: &mut Call<'_>) -> Reply {
    let (name, service) = (call.text("UserName")?, call.text("ServiceName")?);
    let (now, account) = (call.now, call.ctx.account_id.clone());
    let user = call.user(&name)?;
    let of_service = user.service_credentials.iter().filter(|one| one.service == service).count();
    if of_service >= 2 {
        return Err(fault::quota("ServiceSpecificCredentialsPerUser", 2));
    }
    let credential = ServiceCredential {
        id: ids::unique("ACCA")?,
        user_name: format!("{}-at-{account}", user.name),
        service,
        password: Kept::new(ids::secret()?),
        active: true,
        created: now,
    };
    let mut shown = service_credential(&user.name, &credential);
    put(&mut shown, "ServicePassword", json!(credential.password.reveal()));
    user.service_credentials.push(credential);
    Ok(json!({ "ServiceSpecificCredential": shown }))
}

pub(super) fn list_service_credentials(call: &mut Call<'_>) -> Reply {
    let name = call.user_name()?;
    let service = call.optional("ServiceName");
    let user = call.user_seen(&name)?;
    let wanted = |one: &&ServiceCredential| service.as_ref().is_none_or(|service| one.service == *service);
    let found = user.service_credentials.iter().filter(wanted);
    let shown = members(found.map(|one| service_credential(&user.name, one)));
    Ok(json!({ "ServiceSpecificCredentials": shown }))
}

pub(super) fn update_service_credential(call: &mut Call<'_>) -> Reply {
    let (name, id) = (call.user_name()?, call.text("ServiceSpecificCredentialId")?);
    let active = wanted_status(call)?;
    let found = call.user(&name)?.service_credentials.iter_mut().find(|one| one.id == id);
    found.ok_or_else(|| no_service_credential(&id))?.active = active;
    Ok(json!({}))
}

/// `ResetServiceSpecificCredential`: a new password for the same user name.
pub(super) fn reset_service_credential(call: &mut Call<'_>) -> Reply {
    let (name, id) = (call.user_name()?, call.text("ServiceSpecificCredentialId")?);
    let password = Kept::new(ids::secret()?);
    let user = call.user(&name)?;
    let found = user.service_credentials.iter_mut().find(|one| one.id == id);
    let credential = found.ok_or_else(|| no_service_credential(&id))?;
    credential.password = password;
    let mut shown = service_credential(&user.name, credential);
    put(&mut shown, "ServicePassword", json!(credential.password.reveal()));
    Ok(json!({ "ServiceSpecificCredential": shown }))
}

pub(super) fn delete_service_credential(call: &mut Call<'_>) -> Reply {
    let (name, id) = (call.user_name()?, call.text("ServiceSpecificCredentialId")?);
    let all = &mut call.user(&name)?.service_credentials;
    let place = all.iter().position(|one| one.id == id).ok_or_else(|| no_service_credential(&id))?;
    all.remove(place);
    Ok(json!({}))
}

fn wanted_status(call: &Call<'_>) -> Result<bool, AwsError> {
    call.text("Status")?;
    Ok(call.choice("Status", &["Active", "Inactive"])?.as_deref() == Some("Active"))
}

/// The fingerprint is a hash in AWS's notation, but not AWS's: that is MD5 of the key's DER form.
fn ssh_key(user: &str, key: &SshKey) -> Value {
    let hash = Sha256::digest(&key.body);
    let fingerprint: Vec<String> = hash.iter().take(16).map(|byte| format!("{byte:02x}")).collect();
    json!({
        "UserName": user,
        "SSHPublicKeyId": key.id,
        "Fingerprint": fingerprint.join(":"),
        "SSHPublicKeyBody": key.body,
        "Status": status(key.active),
        "UploadDate": key.uploaded,
    })
}

fn shown_certificate(user: &str, certificate: &Certificate) -> Value {
    json!({
        "UserName": user,
        "CertificateId": certificate.id,
        "CertificateBody": certificate.body,
        "Status": status(certificate.active),
        "UploadDate": certificate.uploaded,
    })
}

fn service_credential(user: &str, credential: &ServiceCredential) -> Value {
    json!({
        "UserName": user,
        "Status": status(credential.active),
        "ServiceUserName": credential.user_name,
        "CreateDate": credential.created,
        "ServiceSpecificCredentialId": credential.id,
        "ServiceName": credential.service,
    })
}

fn no_ssh_key(id: &str) -> AwsError {
    fault::no_such_entity(format!("The Public Key with id {id} cannot be found."))
}

fn no_certificate(id: &str) -> AwsError {
    fault::no_such_entity(format!("The Certificate with id {id} cannot be found."))
}

fn no_service_credential(id: &str) -> AwsError {
    fault::no_such_entity(format!("The service specific credential with id {id} cannot be found."))
}

#[cfg(test)]
mod tests {
    use super::super::testing::Account;
    use super::*;

    #[test]
    fn lesser_credentials_keep_a_user_from_being_deleted() {
        let account = Account::new();
        account.user("u");
        let made = account.ok(
            "CreateServiceSpecificCredential",
            json!({ "UserName": "u", "ServiceName": "codecommit.amazonaws.com" }),
        );
        assert_eq!(made["ServiceSpecificCredential"]["ServiceUserName"], "u-at-123456789012");
        let (code, _, message) = account.refused("DeleteUser", json!({ "UserName": "u" }));
        assert_eq!(code, "DeleteConflict");
        assert_eq!(message, "Cannot delete entity, must remove referenced objects first.");
        let listed = account.ok("ListServiceSpecificCredentials", json!({ "UserName": "u" }));
        let shown = &listed["ServiceSpecificCredentials"]["member"][0];
        assert_eq!(shown.get("ServicePassword"), None);
        let id = &shown["ServiceSpecificCredentialId"];
        account.ok(
            "DeleteServiceSpecificCredential",
            json!({ "ServiceSpecificCredentialId": id, "UserName": "u" }),
        );
        account.ok("DeleteUser", json!({ "UserName": "u" }));
    }
}
