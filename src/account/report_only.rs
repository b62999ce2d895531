//! A picture that is a credential report and nothing else: a CSV that somebody downloaded. It tells the account and the
//! partition in its ARNs, and nothing of the rest.

use jiff::Timestamp;

use super::credential_report::{CredentialReport, ROOT};
use super::snapshot::{Facet, Snapshot};

/// Why everything else is not known.
const WHY: &str = "only a credential report was given";

/// Reads a downloaded report. `taken_at` is when that was, as far as anybody knows: the file does not tell.
///
/// # Errors
///
/// It is no credential report, or its rows do not speak of one account.
pub fn of_report(csv: &[u8], taken_at: Timestamp) -> Result<Snapshot, String> {
    let text = std::str::from_utf8(csv).map_err(|_| "not a credential report: it is not UTF-8 text")?;
    let report = CredentialReport::parse(text, None).map_err(|error| error.to_string())?;
    let mut whose = None;
    for row in report.rows() {
        let own = owner(row.arn(), row.user()).ok_or_else(|| {
            format!("not a credential report: `{}` is not the ARN of a user", shown(row.arn()))
        })?;
        match whose {
            None => whose = Some(own),
            Some(other) if other != own => {
                return Err(format!("the report's rows are of two accounts, {} and {}", other.1, own.1));
            }
            Some(_) => {}
        }
    }
    let Some((partition, account)) = whose else {
        return Err("the report has no rows, so it tells nothing about any account".into());
    };
    // Other tables of users, as this program's own, would be read as a report that tells nothing.
    let has = |column: &str| report.rows().iter().any(|row| row.get(column).is_some());
    if !has("password_enabled") && !has("mfa_active") {
        return Err(
            "not a credential report: it has neither a column `password_enabled` nor `mfa_active`".into()
        );
    }
    let mut snapshot = Snapshot::empty(account, partition, home(partition), taken_at);
    unread(&mut snapshot);
    snapshot.credential_report = Facet::Read(report);
    Ok(snapshot)
}

/// Returns partition and account of a row's ARN.
fn owner<'a>(arn: &'a str, user: &str) -> Option<(&'a str, &'a str)> {
    let mut parts = arn.splitn(6, ':');
    let ("arn", partition, "iam", "", account, resource) =
        (parts.next()?, parts.next()?, parts.next()?, parts.next()?, parts.next()?, parts.next()?)
    else {
        return None;
    };
    let is_partition = partition.starts_with("aws")
        && partition.len() <= 20
        && partition.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-');
    let is_account = account.len() == 12 && account.bytes().all(|byte| byte.is_ascii_digit());
    let is_resource = if user == ROOT { resource == "root" } else { resource.starts_with("user/") };
    (is_partition && is_account && is_resource).then_some((partition, account))
}

/// Cuts what a stranger wrote to what fits a line.
fn shown(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(100).collect()
}

/// Returns the region in which a partition keeps IAM.
fn home(partition: &str) -> &'static str {
    match partition {
        "aws-cn" => "cn-north-1",
        "aws-us-gov" => "us-gov-west-1",
        _ => "us-east-1",
    }
}

fn unread(snapshot: &mut Snapshot) {
    fn mark<T>(facet: &mut Facet<T>) {
        *facet = Facet::NotRead(WHY.into());
    }
    mark(&mut snapshot.identity);
    mark(&mut snapshot.virtual_mfa);
    mark(&mut snapshot.password_policy);
    mark(&mut snapshot.analyzers);
    mark(&mut snapshot.regions);
    mark(&mut snapshot.account_summary);
    mark(&mut snapshot.server_certificates);
    mark(&mut snapshot.identity_providers);
    mark(&mut snapshot.root_management);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::account::part::Part;

    fn read(csv: &str) -> Result<Snapshot, String> {
        of_report(csv.as_bytes(), Timestamp::UNIX_EPOCH)
    }

    #[test]
    fn the_account_is_in_the_rows() {
        let snapshot = read(
            "user,arn,mfa_active\n<root_account>,arn:aws-cn:iam::123456789012:root,true\n\
             \"a,b\",\"arn:aws-cn:iam::123456789012:user/x/a,b\",false",
        )
        .unwrap();
        assert_eq!((snapshot.account.as_str(), snapshot.partition.as_str()), ("123456789012", "aws-cn"));
        assert_eq!(snapshot.region, "cn-north-1");
        for part in Part::ALL {
            let why = (part != Part::CredentialReport).then_some(WHY);
            assert_eq!(part.unread(&snapshot), why, "{part:?}");
        }
    }

    #[test]
    fn what_is_no_report_of_one_account_is_refused() {
        let root = "user,arn\n<root_account>,arn:aws:iam::123456789012:root\n";
        let table = "user,arn,console,mfa\nu,arn:aws:iam::123456789012:user/u,yes,no\n";
        for (csv, told) in [
            ("user,arn\n", "no rows"),
            ("name\nx", "no column `user`"),
            ("user,arn\nu,u", "`u` is not the ARN"),
            ("user,arn\nu,arn:aws:iam::1:user/u", "is not the ARN"),
            ("user,arn\nroot,arn:aws:iam::123456789012:root", "is not the ARN"),
            (
                "user,arn\nu,arn:AWS\u{1b}[2J:iam::123456789012:user/u",
                "`arn:AWS[2J:iam::123456789012:user/u`",
            ),
            (&format!("{root}u,arn:aws:iam::210987654321:user/u"), "123456789012 and 210987654321"),
            (&format!("{root}u"), "is not the ARN"),
            (root, "neither a column `password_enabled` nor `mfa_active`"),
            (table, "neither a column `password_enabled` nor `mfa_active`"),
        ] {
            let error = read(csv).unwrap_err();
            assert!(error.contains(told), "{csv}: {error}");
        }
        assert!(of_report(b"user,arn\n\xff,x", Timestamp::UNIX_EPOCH).unwrap_err().contains("UTF-8"));
    }
}
