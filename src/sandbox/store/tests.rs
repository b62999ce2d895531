//! The files survive what happens to files.

use std::path::PathBuf;

use super::*;

const ACCOUNT: &str = "123456789012";

fn file(dir: &Path) -> PathBuf {
    dir.join("accounts").join(ACCOUNT).join("sns.json")
}

#[test]
fn what_was_saved_is_loaded_and_the_lock_goes_with_the_store() {
    let root = tempfile::tempdir().unwrap();
    let dir = root.path().join("a/b");
    let store = Store::open(&dir, ACCOUNT).unwrap();
    assert!(store.load("sns").unwrap().is_none());
    assert!(!dir.exists(), "opening makes nothing");
    store.save("sns", br#"{"x":1}"#).unwrap();
    store.save("sns", br#"{"x":2}"#).unwrap();
    drop(store);
    let store = Store::open(&dir, ACCOUNT).unwrap();
    assert_eq!(store.load("sns").unwrap().unwrap(), br#"{"x":2}"#);
    assert_eq!(fs::read_to_string(dir.join(".gitignore")).unwrap(), "*\n");
    assert_eq!(fs::read_to_string(dir.join(MARKER)).unwrap(), r#"{"format_version":1}"#);
}

#[cfg(unix)]
#[test]
fn folders_and_files_are_the_owners_alone() {
    use std::os::unix::fs::PermissionsExt as _;
    let root = tempfile::tempdir().unwrap();
    let dir = root.path().join("box");
    Store::open(&dir, ACCOUNT).unwrap().save("sns", b"{}").unwrap();
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&dir), 0o700);
    assert_eq!(mode(file(&dir).parent().unwrap()), 0o700);
    assert_eq!(mode(&file(&dir)), 0o600);
    assert_eq!(mode(&dir.join("lock")), 0o600);
    assert_eq!(mode(&dir.join(MARKER)), 0o600);
}

#[test]
fn a_damaged_file_is_an_error_that_names_it() {
    for text in [
        "",
        "{",
        "[]",
        "null",
        "{}",
        "\u{0}\u{0}",
        r#"{"format_version":1}"#,
        r#"{"format_version":1,"account":"999999999999","service":"sns","state":{}}"#,
    ] {
        let root = tempfile::tempdir().unwrap();
        let store = Store::open(root.path(), ACCOUNT).unwrap();
        store.save("sns", b"{}").unwrap();
        fs::write(file(root.path()), text).unwrap();
        let error = store.load("sns").unwrap_err();
        assert!(
            matches!(&error, SandboxError::Damaged { path, .. } if *path == file(root.path())),
            "{text}: {error}"
        );
    }
}

#[test]
fn a_later_format_is_refused() {
    let root = tempfile::tempdir().unwrap();
    let store = Store::open(root.path(), ACCOUNT).unwrap();
    store.save("sns", b"{}").unwrap();
    fs::write(file(root.path()), r#"{"format_version":2,"everything":"else"}"#).unwrap();
    assert!(matches!(store.load("sns").unwrap_err(), SandboxError::Newer { found: 2, .. }));
    drop(store);
    fs::write(root.path().join(MARKER), r#"{"format_version":9}"#).unwrap();
    assert!(matches!(Store::open(root.path(), ACCOUNT).unwrap_err(), SandboxError::Newer { found: 9, .. }));
}

#[test]
fn what_a_killed_process_left_half_written_is_swept() {
    let root = tempfile::tempdir().unwrap();
    Store::open(root.path(), ACCOUNT).unwrap().save("sns", br#"{"x":1}"#).unwrap();
    let leftover = file(root.path()).with_extension("json.tmp");
    fs::write(&leftover, r#"{"format_ver"#).unwrap();
    let store = Store::open(root.path(), ACCOUNT).unwrap();
    assert_eq!(store.load("sns").unwrap().unwrap(), br#"{"x":1}"#);
    assert!(!leftover.exists());
}

#[cfg(unix)]
#[test]
fn links_are_not_followed() {
    use std::os::unix::fs::symlink;
    let root = tempfile::tempdir().unwrap();
    let dir = root.path().join("box");
    let victim = root.path().join("victim");
    fs::write(&victim, "precious").unwrap();

    symlink(root.path(), &dir).unwrap();
    assert!(matches!(Store::open(&dir, ACCOUNT).unwrap_err(), SandboxError::Symlink { .. }));
    fs::remove_file(&dir).unwrap();

    let store = Store::open(&dir, ACCOUNT).unwrap();
    store.save("sns", b"{}").unwrap();
    fs::remove_file(file(&dir)).unwrap();
    symlink(&victim, file(&dir)).unwrap();
    assert!(matches!(store.load("sns").unwrap_err(), SandboxError::Symlink { .. }));
    symlink(&victim, file(&dir).with_extension("json.tmp")).unwrap();
    store.save("sns", b"{}").unwrap();
    assert_eq!(fs::read_to_string(&victim).unwrap(), "precious");
}

#[test]
fn something_else_in_the_way_is_named() {
    let root = tempfile::tempdir().unwrap();
    let dir = root.path().join("box");
    fs::write(&dir, "a file").unwrap();
    assert!(matches!(Store::open(&dir, ACCOUNT).unwrap_err(), SandboxError::NotA { expected: "folder", .. }));
}

#[test]
fn two_processes_that_both_saw_nothing_do_not_overwrite_each_other() {
    let root = tempfile::tempdir().unwrap();
    let dir = root.path().join("box");
    let (first, second) = (Store::open(&dir, ACCOUNT).unwrap(), Store::open(&dir, ACCOUNT).unwrap());
    first.save("sns", br#"{"x":1}"#).unwrap();
    drop(first);
    assert!(matches!(second.save("sns", b"{}").unwrap_err(), SandboxError::Overtaken { .. }));
    assert_eq!(Store::open(&dir, ACCOUNT).unwrap().load("sns").unwrap().unwrap(), br#"{"x":1}"#);
}
