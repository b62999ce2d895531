//! "Did you mean": the nearest of some known names.

/// How many names are compared; more than AWS has managed policies.
const COMPARED: usize = 2000;

/// Returns the candidate that `written` is most likely a misspelling of, if there is one.
pub fn closest<'a>(written: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    // A long text is no misspelled name, and comparing it would take long.
    if written.chars().count() > 128 {
        return None;
    }
    let wanted = folded(written);
    let allowed = (wanted.len() / 3).max(1);
    candidates
        .into_iter()
        .take(COMPARED)
        // Before the costly comparison, what can be told from the length alone.
        .filter(|candidate| {
            candidate.len() < 256 && candidate.chars().count().abs_diff(wanted.len()) <= allowed
        })
        .map(|candidate| (distance(&wanted, &folded(candidate)), candidate))
        .filter(|(distance, candidate)| *distance <= allowed && *distance < candidate.chars().count())
        .min()
        .map(|(_, candidate)| candidate)
}

/// Returns `did you mean …?` followed by what is known, cut after a dozen names.
pub fn did_you_mean<'a>(
    written: &str,
    what: &str,
    candidates: impl IntoIterator<Item = &'a str> + Clone,
) -> String {
    let known: Vec<&str> = candidates.clone().into_iter().collect();
    if let Some(closest) = closest(written, candidates) {
        return format!("did you mean `{closest}`?{}", list(what, &known));
    }
    list(what, &known).trim_start().to_owned()
}

fn list(what: &str, known: &[&str]) -> String {
    const SHOWN: usize = 12;
    if known.is_empty() {
        return format!(" there are no {what}");
    }
    let shown: Vec<String> = known.iter().take(SHOWN).map(|name| format!("`{name}`")).collect();
    let more = match known.len().checked_sub(SHOWN) {
        Some(more @ 1..) => format!(" and {more} more"),
        _ => String::new(),
    };
    format!(" {what}: {}{more}", shown.join(", "))
}

/// Folds what people mix up: case, and `-` with `_`.
fn folded(text: &str) -> Vec<char> {
    text.chars().flat_map(char::to_lowercase).map(|c| if c == '_' { '-' } else { c }).collect()
}

/// Returns how many letters must be put in, taken out, replaced or swapped with their neighbour.
pub(crate) fn distance(a: &[char], b: &[char]) -> usize {
    let mut before_last: Vec<usize> = Vec::new();
    let mut last: Vec<usize> = (0..=b.len()).collect();
    let mut previous_a = None;
    for (i, ca) in a.iter().enumerate() {
        let mut row = vec![i + 1];
        let mut previous_b = None;
        for (j, cb) in b.iter().enumerate() {
            let at = |row: &[usize], j: usize| row.get(j).copied().unwrap_or(usize::MAX / 2);
            let mut best =
                (at(&last, j) + usize::from(ca != cb)).min(at(&last, j + 1) + 1).min(at(&row, j) + 1);
            if j > 0 && previous_a == Some(cb) && previous_b == Some(ca) {
                best = best.min(at(&before_last, j - 1) + 1);
            }
            row.push(best);
            previous_b = Some(cb);
        }
        before_last = std::mem::replace(&mut last, row);
        previous_a = Some(ca);
    }
    last.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn misspellings_are_recognised() {
        let known = ["users", "groups", "roles", "inline_policies"];
        assert_eq!(closest("uesrs", known), Some("users"));
        assert_eq!(closest("Group", known), Some("groups"));
        assert_eq!(closest("inline-policies", known), Some("inline_policies"));
        assert_eq!(closest("topics", known), None);
    }
}
