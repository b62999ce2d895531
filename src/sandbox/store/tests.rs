//! The files survive what happens to files.

use std::fs;
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
    store.save(&[("sns", br#"{"x":1}"#.to_vec())]).unwrap();
    store.save(&[("sns", br#"{"x":2}"#.to_vec())]).unwrap();
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
    Store::open(&dir, ACCOUNT).unwrap().save(&[("sns", b"{}".to_vec())]).unwrap();
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
        store.save(&[("sns", b"{}".to_vec())]).unwrap();
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
    store.save(&[("sns", b"{}".to_vec())]).unwrap();
    fs::write(file(root.path()), r#"{"format_version":2,"everything":"else"}"#).unwrap();
    assert!(matches!(store.load("sns").unwrap_err(), SandboxError::Newer { found: 2, .. }));
    drop(store);
    fs::write(root.path().join(MARKER), r#"{"format_version":9}"#).unwrap();
    assert!(matches!(Store::open(root.path(), ACCOUNT).unwrap_err(), SandboxError::Newer { found: 9, .. }));
}

#[test]
fn what_a_killed_process_left_half_written_is_swept() {
    let root = tempfile::tempdir().unwrap();
    Store::open(root.path(), ACCOUNT).unwrap().save(&[("sns", br#"{"x":1}"#.to_vec())]).unwrap();
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
    store.save(&[("sns", b"{}".to_vec())]).unwrap();
    fs::remove_file(file(&dir)).unwrap();
    symlink(&victim, file(&dir)).unwrap();
    assert!(matches!(store.load("sns").unwrap_err(), SandboxError::Symlink { .. }));
    symlink(&victim, file(&dir).with_extension("json.tmp")).unwrap();
    store.save(&[("sns", b"{}".to_vec())]).unwrap();
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
    first.save(&[("sns", br#"{"x":1}"#.to_vec())]).unwrap();
    drop(first);
    assert!(matches!(second.save(&[("sns", b"{}".to_vec())]).unwrap_err(), SandboxError::Overtaken { .. }));
    assert_eq!(Store::open(&dir, ACCOUNT).unwrap().load("sns").unwrap().unwrap(), br#"{"x":1}"#);
}

#[test]
fn a_save_of_several_services_is_finished_by_the_next_process() {
    let root = tempfile::tempdir().unwrap();
    let store = Store::open(root.path(), ACCOUNT).unwrap();
    store.save(&[("iam", b"{}".to_vec()), ("sns", b"{}".to_vec())]).unwrap();
    let journal = file(root.path()).with_file_name(JOURNAL);
    assert!(!journal.exists());
    drop(store);
    // The process was killed after the first of two files.
    fs::write(&journal, r#"{"format_version":1,"states":{"iam":{"x":1},"sns":{"y":2}}}"#).unwrap();
    let store = Store::open(root.path(), ACCOUNT).unwrap();
    assert_eq!(store.load("iam").unwrap().unwrap(), br#"{"x":1}"#);
    assert_eq!(store.load("sns").unwrap().unwrap(), br#"{"y":2}"#);
    assert!(!journal.exists());
    drop(store);
    fs::write(&journal, "{").unwrap();
    let error = Store::open(root.path(), ACCOUNT).unwrap_err();
    assert!(matches!(&error, SandboxError::Damaged { path, .. } if *path == journal), "{error}");
}

#[test]
fn resetting_removes_one_account_whatever_state_it_is_in() {
    let root = tempfile::tempdir().unwrap();
    for account in ["999999999999", ACCOUNT] {
        Store::open(root.path(), account).unwrap().save(&[("sns", b"{}".to_vec())]).unwrap();
    }
    fs::write(file(root.path()), "damaged").unwrap();
    fs::write(root.path().join(MARKER), "damaged").unwrap();
    assert_eq!(accounts(root.path()).unwrap(), [ACCOUNT, "999999999999"]);
    assert!(reset(root.path(), ACCOUNT).unwrap());
    assert!(!reset(root.path(), ACCOUNT).unwrap());
    assert_eq!(accounts(root.path()).unwrap(), ["999999999999"]);
    assert!(Store::open(root.path(), ACCOUNT).unwrap().load("sns").unwrap().is_none());
    assert!(accounts(&root.path().join("absent")).unwrap().is_empty());
}
