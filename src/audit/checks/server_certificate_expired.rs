//! No expired certificate lies in IAM.

use crate::account::part::Part;
use crate::account::snapshot::ServerCertificate;
use crate::audit::check::{Check, Docs, Look, Scope, Severity, Unread};
use crate::audit::shell;
use crate::audit::verdict::{Subject, Verdict};

const DOCS: Docs = Docs {
    looks_at: "`Expiration` of every server certificate that IAM keeps. One that expires at the very time of the audit \
               is still valid.",
    why: "An expired certificate that can still be picked for a load balancer turns every visitor away, or teaches \
          them to click the warning away.",
    fix: "Delete it: `aws iam delete-server-certificate --server-certificate-name NAME`. Keep new certificates in \
          Certificate Manager, which renews them.",
    sources: &["https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_server-certs.html"],
};

pub(super) const CHECK: Check = Check {
    id: "server-certificate-expired",
    title: "no server certificate that IAM keeps has expired",
    severity: Severity::Medium,
    scope: Scope::Each,
    reads: &[Part::ServerCertificates],
    params: &[],
    docs: DOCS,
    run,
};

fn run(look: &Look<'_>) -> Result<Vec<Verdict>, Unread> {
    Ok(look.server_certificates()?.iter().map(|certificate| judge(look, certificate)).collect())
}

fn judge(look: &Look<'_>, certificate: &ServerCertificate) -> Verdict {
    let subject = Subject::new(&certificate.arn, &certificate.name);
    let Some(expires) = certificate.expires else {
        return Verdict::unknown(subject, "has no date of expiry that could be read").with("Expiration", "absent");
    };
    let verdict = if expires >= look.as_of {
        Verdict::pass(subject, format!("is valid until {expires}"))
    } else {
        let name = shell::option("--server-certificate-name", &certificate.name);
        Verdict::fail(subject, format!("expired at {expires}"))
            .fix(format!("Delete it: `aws iam delete-server-certificate {name}`."))
    };
    verdict.with("Expiration", expires.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::account::snapshot::Facet;
    use crate::audit::testing::{as_of, unread_account, verdicts, without};
    use crate::audit::verdict::Status;

    #[test]
    fn the_date_decides() {
        let certificate = |name: &str, expires: Option<&str>| ServerCertificate {
            name: name.into(),
            arn: format!("arn:aws:iam::123456789012:server-certificate/{name}"),
            expires: expires.map(|text| text.parse().unwrap()),
        };
        let now = as_of().to_string();
        let mut snapshot = unread_account();
        snapshot.server_certificates = Facet::Read(vec![
            certificate("now", Some(&now)),
            certificate("old", Some("2026-03-02T08:59:59Z")),
            certificate("odd", None),
        ]);
        let found: Vec<_> = verdicts(&CHECK, &snapshot).iter().map(|verdict| verdict.status).collect();
        assert_eq!(found, [Status::Pass, Status::Fail, Status::Unknown]);
    }

    #[test]
    fn none_stored_and_none_read() {
        let mut snapshot = unread_account();
        snapshot.server_certificates = Facet::Read(vec![]);
        assert!(verdicts(&CHECK, &snapshot).is_empty());
        assert_eq!(without(&CHECK), Part::ServerCertificates);
    }
}
