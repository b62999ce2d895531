//! Names as they are written where only ASCII is taken: IAM takes `garcia`, never `García`.

/// Letters by the plain ones that people write for them.
const PLAIN: [(&str, &str); 23] = [
    ("a", "àáâãäåāăąǎạảấầẩẫậắằẳẵặ"),
    ("c", "çćĉċč"),
    ("d", "ďđðḍ"),
    ("e", "èéêëēĕėęěẹẻẽếềểễệ"),
    ("g", "ĝğġģǧ"),
    ("h", "ĥħḥ"),
    ("i", "ìíîïĩīĭįıǐỉị"),
    ("j", "ĵǰ"),
    ("k", "ķǩ"),
    ("l", "ĺļľŀł"),
    ("n", "ñńņňŋṇ"),
    ("o", "òóôõöøōŏőơǒǫọỏốồổỗộớờởỡợ"),
    ("r", "ŕŗřṛ"),
    ("s", "śŝşšșṣ"),
    ("t", "ţťŧțṭ"),
    ("u", "ùúûüũūŭůűųưǔụủứừửữự"),
    ("w", "ŵẁẃẅ"),
    ("y", "ýÿŷỳỵỷỹ"),
    ("z", "źżžẓ"),
    ("ae", "æ"),
    ("oe", "œ"),
    ("ss", "ß"),
    ("th", "þ"),
];
/// Letters by the two that others write for them.
const SPELT: [(&str, &str); 4] = [("aa", "å"), ("ae", "ä"), ("oe", "öø"), ("ue", "ü")];

/// Tells whether a character only adds a mark to the letter before it.
pub(super) const fn is_mark(c: char) -> bool {
    matches!(c, '\u{300}'..='\u{36f}')
}

/// Writes a text in lower case and without marks on letters.
pub(super) fn fold(text: &str) -> String {
    with(text, &[&PLAIN])
}

/// Writes a text in lower case, with marked letters spelt out: `mueller`.
pub(super) fn spelt(text: &str) -> String {
    with(text, &[&SPELT, &PLAIN])
}

fn with(text: &str, tables: &[&[(&str, &str)]]) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars().flat_map(char::to_lowercase).filter(|c| !is_mark(*c)) {
        let mut rows = tables.iter().copied().flatten();
        match rows.find(|(_, letters)| !c.is_ascii() && letters.contains(c)) {
            Some((plain, _)) => out.push_str(plain),
            None => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_lose_their_marks() {
        for (name, plain, long) in [
            ("García", "garcia", "garcia"),
            ("Garci\u{301}a", "garcia", "garcia"),
            ("Müller", "muller", "mueller"),
            ("YILMAZ", "yilmaz", "yilmaz"),
            ("Yılmaz", "yilmaz", "yilmaz"),
            ("İnci", "inci", "inci"),
            ("Łukasz", "lukasz", "lukasz"),
            ("Weiß", "weiss", "weiss"),
            ("Nguyễn", "nguyen", "nguyen"),
            ("Ольга", "ольга", "ольга"),
        ] {
            assert_eq!((fold(name).as_str(), spelt(name).as_str()), (plain, long));
        }
    }
}
