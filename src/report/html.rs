use crate::audit::finding::Audit;
pub(super) fn render(_: &Audit) -> String {
    String::new()
}
