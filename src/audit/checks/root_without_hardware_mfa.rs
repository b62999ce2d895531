//! The root user's MFA device is no program.

use crate::account::part::Part;
use crate::account::snapshot::VirtualMfaDevice;
use crate::audit::check::{Check, Docs, Look, Scope, Severity, Unread};
use crate::audit::root::Root;
use crate::audit::verdict::Verdict;

const DOCS: Docs = Docs {
    looks_at: "Whether root has an MFA device (`AccountMFAEnabled`, or `mfa_active` of the credential report), and \
               whether a virtual one is among them: an entry of `ListVirtualMFADevices` whose owner is exactly the \
               account's root, or whose serial number ends in `:mfa/root-account-mfa-device`. One virtual device \
               beside others fails. No device at all fails here too. No API tells a passkey that a program keeps \
               from a hardware key: both are devices that are not virtual and pass. A root user without \
               credentials is not counted.",
    why: "The seed of a virtual device is a text on a telephone, which can be copied or lost with it.",
    fix: "Sign in as root, register a hardware security key under Security credentials → Multi-factor authentication, \
          then take the virtual device away.",
    sources: &[
        "https://docs.aws.amazon.com/IAM/latest/UserGuide/enable-mfa-for-root.html",
        "https://docs.aws.amazon.com/IAM/latest/APIReference/API_ListVirtualMFADevices.html",
    ],
};

pub(super) const CHECK: Check = Check {
    id: "root-without-hardware-mfa",
    title: "root's MFA device is a hardware device",
    severity: Severity::Critical,
    scope: Scope::Root,
    reads: &[Part::AccountSummary, Part::VirtualMfa, Part::CredentialReport],
    params: &[],
    docs: DOCS,
    run,
};

fn run(look: &Look<'_>) -> Result<Vec<Verdict>, Unread> {
    let devices = look.virtual_mfa();
    let root = Root::of(look);
    let subject = look.root();
    let owner = subject.resource.clone();
    if let Some(device) = devices.iter().copied().flatten().find(|device| is_roots(device, &owner)) {
        let verdict = Verdict::fail(subject, "has a virtual MFA device");
        let arn = device.owner.as_deref().unwrap_or("absent");
        return Ok(vec![verdict.with("SerialNumber", device.serial.clone()).with("User.Arn", arn)]);
    }
    let root = root?;
    let verdict = match root.has_mfa() {
        _ if root.has_no_credentials() && root.has_mfa() != Some(true) => Verdict::not_applicable(
            subject,
            "has neither password nor access key, so there is nothing for a device to protect",
        ),
        Some(false) => Verdict::fail(subject, "has no MFA device at all"),
        Some(true) => {
            devices?;
            Verdict::pass(
                subject,
                "has an MFA device that is not virtual; the API does not tell a hardware key from a passkey kept by \
                 a program",
            )
        }
        None => Verdict::unknown(subject, root.no_word_of_mfa()),
    };
    Ok(vec![root.evidence(verdict, &["AccountMFAEnabled"], &["password_enabled", "mfa_active"])])
}

/// Tells whether a device is root's. A user may be called anything that ends in or begins with `root`.
fn is_roots(device: &VirtualMfaDevice, root: &str) -> bool {
    device.owner.as_deref() == Some(root) || device.serial.ends_with(":mfa/root-account-mfa-device")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::account::snapshot::{Facet, Snapshot};
    use crate::audit::testing::{missing, only, reported, unread_account, without};
    use crate::audit::verdict::Status;

    fn device(serial: &str, owner: &str) -> VirtualMfaDevice {
        VirtualMfaDevice {
            serial: format!("arn:aws:iam::123456789012:mfa/{serial}"),
            user: None,
            owner: Some(format!("arn:aws:iam::123456789012:{owner}")),
        }
    }

    fn account(mfa: i64, devices: Vec<VirtualMfaDevice>) -> Snapshot {
        let mut snapshot = unread_account();
        snapshot.account_summary = Facet::Read([("AccountMFAEnabled".to_owned(), mfa)].into());
        snapshot.virtual_mfa = Facet::Read(devices);
        snapshot
    }

    #[test]
    fn groot_is_not_root() {
        let others = vec![device("groot", "user/groot"), device("root", "user/root"), device("x", "user/a:root")];
        assert_eq!(only(&CHECK, &account(1, others)).status, Status::Pass);
        assert_eq!(only(&CHECK, &account(1, vec![device("any-name", "root")])).status, Status::Fail);
        let unnamed = VirtualMfaDevice { owner: None, ..device("root-account-mfa-device", "") };
        assert_eq!(only(&CHECK, &account(1, vec![unnamed])).status, Status::Fail);
    }

    #[test]
    fn no_device_at_all_fails() {
        assert_eq!(only(&CHECK, &account(0, vec![])).status, Status::Fail);
        let mut snapshot = account(0, vec![]);
        snapshot.virtual_mfa = Facet::default();
        assert_eq!(only(&CHECK, &snapshot).status, Status::Fail);
        let mut snapshot = reported(&[("<root_account>", &[("password_enabled", "true")])]);
        assert_eq!(only(&CHECK, &snapshot).status, Status::Fail);
        snapshot.credential_report = reported(&[("<root_account>", &[])]).credential_report;
        assert_eq!(only(&CHECK, &snapshot).status, Status::NotApplicable);
    }

    #[test]
    fn it_asks_for_no_more_than_it_needs() {
        let mut snapshot = account(1, vec![device("any-name", "root")]);
        snapshot.account_summary = Facet::default();
        assert_eq!(only(&CHECK, &snapshot).status, Status::Fail, "a virtual device is one");
        let mut snapshot = account(1, vec![]);
        snapshot.virtual_mfa = Facet::default();
        assert_eq!(missing(&CHECK, &snapshot), Part::VirtualMfa);
        assert_eq!(without(&CHECK), Part::AccountSummary);
    }
}
