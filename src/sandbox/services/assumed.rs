//! The event of a role that a service assumed for somebody: Lambda for a function, Scheduler for a schedule.

use jiff::Timestamp;
use serde_json::json;

use super::iam::Issued;
use super::wire;
use crate::sandbox::recorder::{Caller, Finished, Log, record};

/// Who assumed which role.
#[derive(Debug, Clone, Copy)]
pub(super) struct Assumed<'a> {
    /// `lambda.amazonaws.com`
    pub(super) service: &'a str,
    /// The account.
    pub(super) account: &'a str,
    /// Where.
    pub(super) region: &'a str,
    /// The role's ARN.
    pub(super) role: &'a str,
    /// The name of the session.
    pub(super) session: &'a str,
}

impl Assumed<'_> {
    /// Leaves the event: who started the session is the service itself.
    /// <https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-user-identity.html>.
    pub(super) fn record(&self, log: &Log, issued: &Issued, at: Timestamp) {
        let input = json!({ "RoleArn": self.role, "RoleSessionName": self.session });
        let output = json!({ "Credentials": {
            "AccessKeyId": issued.id,
            "SessionToken": "",
            "Expiration": issued.expires.to_string(),
        } });
        let assumed = record(&Finished {
            service: "sts",
            operation: "AssumeRole",
            account: self.account,
            partition: "aws",
            region: self.region,
            caller: Caller::service(self.service),
            source: self.service,
            agent: self.service,
            input: &input,
            outcome: Ok(&output),
            at,
            request_id: &wire::uuid(),
        });
        let mut log = log.lock();
        for delivery in assumed {
            log.append(delivery.event);
        }
    }
}
