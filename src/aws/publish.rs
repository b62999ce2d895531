//! Sends a text to an SNS topic.

use aws_sdk_sns::config::{Builder, Region};

use super::Aws;
use super::error::ApiError;

/// The most bytes that SNS takes in a message. Source: <https://docs.aws.amazon.com/sns/latest/api/API_Publish.html>.
const LIMIT: usize = 256 << 10;
/// The most characters of a subject.
const SUBJECT_LIMIT: usize = 100;

/// Publishes `text` to a topic, in the topic's own region. A text that is too long is cut at the end of a line, and
/// says so. `subject` is for e-mail: ASCII, what SNS does not take in it is left out.
pub async fn publish(aws: &Aws, topic_arn: &str, subject: &str, text: &str) -> Result<(), ApiError> {
    let region = topic_arn.split(':').nth(3).filter(|region| !region.is_empty()).unwrap_or(&aws.region);
    let region = Region::new(region.to_owned());
    let subject: String =
        subject.chars().filter(|c| c.is_ascii() && !c.is_ascii_control()).take(SUBJECT_LIMIT).collect();
    let message = fitting(text);
    aws.call("sns:Publish", topic_arn, || {
        let request = aws.sns.publish().topic_arn(topic_arn).subject(&subject).message(&*message);
        request.customize().config_override(Builder::new().region(region.clone())).send()
    })
    .await
    .map(|_| ())
}

/// Cuts a text so that SNS takes it.
fn fitting(text: &str) -> std::borrow::Cow<'_, str> {
    if text.len() <= LIMIT {
        return text.into();
    }
    let remark = |lines: usize| format!("\n[cut here: {lines} lines more; SNS takes {} KiB]\n", LIMIT >> 10);
    let room = LIMIT - remark(text.lines().count()).len();
    let room = text.floor_char_boundary(room);
    let (kept, _) = text.split_at(room);
    let kept = kept.rsplit_once('\n').map_or(kept, |(lines, _)| lines);
    let left = text.lines().count().saturating_sub(kept.lines().count());
    format!("{kept}{}", remark(left)).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_text_is_cut_at_a_line_and_says_so() {
        let text = "äöü zeile\n".repeat(40_000);
        let cut = fitting(&text);
        assert!(cut.len() <= LIMIT && cut.len() > LIMIT - 100, "{}", cut.len());
        let kept = cut.lines().filter(|line| *line == "äöü zeile").count();
        assert!(cut.ends_with(&format!("[cut here: {} lines more; SNS takes 256 KiB]\n", 40_000 - kept)));
        assert_eq!(fitting("short"), "short");
    }
}
