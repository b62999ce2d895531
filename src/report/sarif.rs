use crate::audit::finding::Audit;
pub(super) fn render(_: &Audit) -> Result<String, serde_json::Error> {
    Ok(String::new())
}
