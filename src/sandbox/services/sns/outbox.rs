//! What SNS sent, for people to read: nothing leaves the sandbox.

use std::collections::VecDeque;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// How many messages are kept.
const KEPT: usize = 1_000;
/// How many bytes of them are kept; the newest is kept however long it is.
const BYTES: usize = 4 << 20;

/// One message to one endpoint.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Mail {
    /// When it was sent.
    pub(crate) time: Timestamp,
    /// The ARN of the topic.
    pub(crate) topic: String,
    /// The protocol of the subscription: `email`, `lambda`, `https`, …
    pub(crate) protocol: String,
    /// Where it went: an address, an ARN, a URL.
    pub(crate) endpoint: String,
    /// Why it was sent.
    pub(crate) kind: MailKind,
    /// The sender, as mail programs show it; of e-mail only.
    pub(crate) from: Option<String>,
    /// The subject line.
    pub(crate) subject: Option<String>,
    /// The text.
    pub(crate) message: String,
    /// The id that `Publish` answered; of a request for confirmation an id of its own.
    pub(crate) message_id: String,
    /// Who published it: an ARN, or a service of AWS. Nobody: of a request for confirmation.
    #[serde(default)]
    pub(crate) publisher: Option<String>,
    /// Whether it arrived. The sandbox delivers to e-mail (by putting it here) and to functions.
    pub(crate) delivered: bool,
}

/// Why a message was sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "is")]
pub(crate) enum MailKind {
    /// It asks whether the endpoint wants the topic's messages.
    Confirmation {
        /// What `ConfirmSubscription` has to be given.
        token: String,
    },
    /// Something was published.
    Notification,
}

/// The messages that are kept, oldest first.
#[derive(Debug, Default)]
pub(super) struct Outbox {
    mails: VecDeque<Mail>,
    /// How many of them, at the end, were not saved.
    unsaved: usize,
}

impl Outbox {
    /// Puts a message in, and lets go of the oldest ones.
    pub(super) fn push(&mut self, mail: Mail) {
        self.mails.push_back(mail);
        self.unsaved += 1;
        let size = |mail: &Mail| mail.message.len() + mail.subject.as_ref().map_or(0, String::len) + 256;
        let mut bytes: usize = self.mails.iter().map(size).sum();
        while self.mails.len() > KEPT || (bytes > BYTES && self.mails.len() > 1) {
            bytes -= self.mails.pop_front().map_or(0, |mail| size(&mail));
        }
        self.unsaved = self.unsaved.min(self.mails.len());
    }

    /// Returns what is in it.
    pub(super) fn all(&self) -> Vec<Mail> {
        self.mails.iter().cloned().collect()
    }

    /// Returns what was put in since the last call.
    pub(super) fn take_unsaved(&mut self) -> Vec<Mail> {
        let unsaved = std::mem::take(&mut self.unsaved);
        self.mails.range(self.mails.len() - unsaved..).cloned().collect()
    }

    /// Replaces the content by what was saved.
    pub(super) fn restore(&mut self, mails: Vec<Mail>) {
        *self = Self { mails: mails.into(), unsaved: 0 };
    }

    /// Puts saved messages in that are not there.
    pub(super) fn add_saved(&mut self, mails: Vec<Mail>) {
        for mail in mails {
            if !self.mails.contains(&mail) {
                self.push(mail);
            }
        }
        self.unsaved = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mail(number: usize, length: usize) -> Mail {
        Mail {
            time: Timestamp::UNIX_EPOCH,
            topic: "t".into(),
            protocol: "email".into(),
            endpoint: "a@example.com".into(),
            kind: MailKind::Notification,
            from: None,
            subject: None,
            message: "x".repeat(length),
            message_id: number.to_string(),
            publisher: None,
            delivered: true,
        }
    }

    #[test]
    fn the_newest_are_kept_and_saved_once() {
        let mut outbox = Outbox::default();
        (0..=KEPT).for_each(|number| outbox.push(mail(number, 1)));
        assert_eq!((outbox.all().len(), outbox.all()[0].message_id.as_str()), (KEPT, "1"));
        assert_eq!((outbox.take_unsaved().len(), outbox.take_unsaved().len()), (KEPT, 0));
        (0..100).for_each(|number| outbox.push(mail(number, 1 << 18)));
        assert!(outbox.all().len() < 17, "{}", outbox.all().len());
        let mut again = Outbox::default();
        for _ in 0..2 {
            again.add_saved(outbox.all());
        }
        assert_eq!((again.all(), again.take_unsaved().len()), (outbox.all(), 0));
    }
}
