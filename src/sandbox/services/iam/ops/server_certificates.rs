//! Server certificates. When they expire is written in the certificates, which are not taken apart here: answers
//! leave `Expiration` out.

use awsim_core::AwsError;
use serde_json::{Value, json};

use crate::sandbox::services::iam::call::{self, Call};
use crate::sandbox::services::iam::fault::{self, Reply};
use crate::sandbox::services::iam::store::{self, ServerCertificate};
use crate::sandbox::services::iam::{ids, names};

const QUOTA: usize = 20;

pub(super) fn upload(call: &mut Call<'_>) -> Reply {
    let name = call.text("ServerCertificateName")?;
    names::name("ServerCertificateName", &name, 128)?;
    let path = call.path()?;
    let tags = call.new_tags()?;
    let (body, key) = (call.text("CertificateBody")?, call.text("PrivateKey")?);
    let chain = call.optional("CertificateChain");
    let is_pem = |text: &str, what: &str| {
        let text = text.trim();
        text.starts_with("-----BEGIN ") && text.contains(what) && text.ends_with("-----")
    };
    let certificates = [Some(&body), chain.as_ref()];
    if !certificates.iter().flatten().all(|text| is_pem(text, "CERTIFICATE-----")) {
        return Err(AwsError::bad_request("MalformedCertificate", "Unable to parse certificate."));
    }
    if !is_pem(&key, "PRIVATE KEY-----") {
        return Err(AwsError::bad_request("MalformedCertificate", "Unable to parse key."));
    }
    free(call, &name)?;
    if call.state.server_certificates.len() >= QUOTA {
        return Err(fault::quota("ServerCertificatesPerAccount", QUOTA));
    }
    let certificate =
        ServerCertificate { id: ids::unique("ASCA")?, path, uploaded: call.now, body, chain, tags, name };
    let answer = json!({
        "ServerCertificateMetadata": metadata(call, &certificate),
        "Tags": call::tags_if_any(&certificate.tags),
    });
    call.state.server_certificates.insert(store::key(&certificate.name), certificate);
    Ok(answer)
}

pub(super) fn get(call: &mut Call<'_>) -> Reply {
    let name = call.text("ServerCertificateName")?;
    let certificate = find(call, &name)?.clone();
    Ok(json!({ "ServerCertificate": {
        "ServerCertificateMetadata": metadata(call, &certificate),
        "CertificateBody": certificate.body,
        "CertificateChain": certificate.chain,
        "Tags": call::tags_if_any(&certificate.tags),
    } }))
}

pub(super) fn list(call: &mut Call<'_>) -> Reply {
    let prefix = call.path_prefix();
    let found = call.state.server_certificates.iter().filter(|(_, one)| one.path.starts_with(&prefix));
    let shown = found.map(|(key, one)| (key.clone(), metadata(call, one))).collect();
    call.listing("ServerCertificateMetadataList", shown)
}

pub(super) fn update(call: &mut Call<'_>) -> Reply {
    let name = call.text("ServerCertificateName")?;
    let (new_name, new_path) = (call.optional("NewServerCertificateName"), call.optional("NewPath"));
    let mut certificate = find(call, &name)?.clone();
    if let Some(path) = new_path {
        names::path("NewPath", &path)?;
        certificate.path = path;
    }
    if let Some(new_name) = new_name {
        names::name("NewServerCertificateName", &new_name, 128)?;
        if store::key(&new_name) != store::key(&certificate.name) {
            free(call, &new_name)?;
        }
        certificate.name = new_name;
    }
    call.state.server_certificates.remove(&store::key(&name));
    call.state.server_certificates.insert(store::key(&certificate.name), certificate);
    Ok(json!({}))
}

pub(super) fn delete(call: &mut Call<'_>) -> Reply {
    let name = call.text("ServerCertificateName")?;
    find(call, &name)?;
    call.state.server_certificates.remove(&store::key(&name));
    Ok(json!({}))
}

/// Finds a certificate.
pub(super) fn find<'a>(call: &'a mut Call<'_>, name: &str) -> Result<&'a mut ServerCertificate, AwsError> {
    call.state.server_certificates.get_mut(&store::key(name)).ok_or_else(|| {
        fault::no_such_entity(format!("The Server Certificate with name {name} cannot be found."))
    })
}

fn free(call: &Call<'_>, name: &str) -> Result<(), AwsError> {
    if call.state.server_certificates.contains_key(&store::key(name)) {
        let message = format!("The Server Certificate with name {name} already exists.");
        return Err(fault::already_exists(message));
    }
    Ok(())
}

fn metadata(call: &Call<'_>, certificate: &ServerCertificate) -> Value {
    json!({
        "Path": certificate.path,
        "ServerCertificateName": certificate.name,
        "ServerCertificateId": certificate.id,
        "Arn": call.arn("server-certificate", &certificate.path, &certificate.name),
        "UploadDate": certificate.uploaded,
    })
}

#[cfg(test)]
mod tests {
    use super::super::testing::Account;
    use super::*;

    #[test]
    fn a_certificate_is_kept_without_its_key() {
        let account = Account::new();
        let body = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----";
        let key = "-----BEGIN PRIVATE KEY-----\nc2VjcmV0\n-----END PRIVATE KEY-----";
        let upload = |name: &str, body: &str| json!({ "ServerCertificateName": name, "CertificateBody": body, "PrivateKey": key, "Path": "/x/" });
        account.ok("UploadServerCertificate", upload("c", body));
        assert!(
            !String::from_utf8(awsim_core::ServiceHandler::snapshot(&account.iam).unwrap())
                .unwrap()
                .contains("c2VjcmV0")
        );
        assert_eq!(account.refused("UploadServerCertificate", upload("C", body)).0, "EntityAlreadyExists");
        assert_eq!(account.refused("UploadServerCertificate", upload("d", "no")).0, "MalformedCertificate");
        account.ok(
            "UpdateServerCertificate",
            json!({ "ServerCertificateName": "c", "NewServerCertificateName": "e" }),
        );
        let got = account.ok("GetServerCertificate", json!({ "ServerCertificateName": "e" }));
        let metadata = &got["ServerCertificate"]["ServerCertificateMetadata"];
        assert_eq!(metadata["Arn"], "arn:aws:iam::123456789012:server-certificate/x/e");
        account.ok("DeleteServerCertificate", json!({ "ServerCertificateName": "e" }));
        let (code, _, message) =
            account.refused("GetServerCertificate", json!({ "ServerCertificateName": "e" }));
        assert_eq!(
            (code.as_str(), message.as_str()),
            ("NoSuchEntity", "The Server Certificate with name e cannot be found.")
        );
    }
}
