//! The files survive what happens to files.

use std::fs;
use std::path::PathBuf;

use super::*;

const ACCOUNT: &str = "123456789012";

fn open(dir: &Path, account: &str) -> Result<Store, SandboxError> {
    Store::open(Arc::new(Folder::open(dir)?), account)
}

fn file(dir: &Path) -> PathBuf {
    dir.join("accounts").join(ACCOUNT).join("sns.json")
}

#[test]
fn what_was_saved_is_loaded_and_the_lock_goes_with_the_store() {
    let root = tempfile::tempdir().unwrap();
    let dir = root.path().join("a/b");
    let store = open(&dir, ACCOUNT).unwrap();
    assert!(store.load("sns").unwrap().is_none());
    assert!(!dir.exists(), "opening makes nothing");
    store.write(&[("sns", br#"{"x":1}"#.to_vec())]).unwrap();
    store.write(&[("sns", br#"{"x":2}"#.to_vec())]).unwrap();
    drop(store);
    let store = open(&dir, ACCOUNT).unwrap();
    assert_eq!(store.load("sns").unwrap().unwrap(), br#"{"x":2}"#);
    assert_eq!(fs::read_to_string(dir.join(".gitignore")).unwrap(), "*\n");
    assert_eq!(fs::read_to_string(dir.join("sandbox.json")).unwrap(), r#"{"format_version":1}"#);
}

#[cfg(unix)]
#[test]
fn folders_and_files_are_the_owners_alone() {
    use std::os::unix::fs::PermissionsExt as _;
    let root = tempfile::tempdir().unwrap();
    let dir = root.path().join("box");
    open(&dir, ACCOUNT).unwrap().write(&[("sns", b"{}".to_vec())]).unwrap();
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&dir), 0o700);
    assert_eq!(mode(file(&dir).parent().unwrap()), 0o700);
    assert_eq!(mode(&file(&dir)), 0o600);
    assert_eq!(mode(&dir.join("lock")), 0o600);
    assert_eq!(mode(&dir.join("sandbox.json")), 0o600);
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
        let store = open(root.path(), ACCOUNT).unwrap();
        store.write(&[("sns", b"{}".to_vec())]).unwrap();
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
    let store = open(root.path(), ACCOUNT).unwrap();
    store.write(&[("sns", b"{}".to_vec())]).unwrap();
    fs::write(file(root.path()), r#"{"format_version":2,"everything":"else"}"#).unwrap();
    assert!(matches!(store.load("sns").unwrap_err(), SandboxError::Newer { found: 2, .. }));
    drop(store);
    fs::write(root.path().join("sandbox.json"), r#"{"format_version":9}"#).unwrap();
    assert!(matches!(open(root.path(), ACCOUNT).unwrap_err(), SandboxError::Newer { found: 9, .. }));
}

#[test]
fn what_a_killed_process_left_half_written_is_swept() {
    let root = tempfile::tempdir().unwrap();
    open(root.path(), ACCOUNT).unwrap().write(&[("sns", br#"{"x":1}"#.to_vec())]).unwrap();
    let leftover = file(root.path()).with_extension("json.tmp");
    fs::write(&leftover, r#"{"format_ver"#).unwrap();
    let store = open(root.path(), ACCOUNT).unwrap();
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
    assert!(matches!(open(&dir, ACCOUNT).unwrap_err(), SandboxError::Symlink { .. }));
    fs::remove_file(&dir).unwrap();

    let store = open(&dir, ACCOUNT).unwrap();
    store.write(&[("sns", b"{}".to_vec())]).unwrap();
    fs::remove_file(file(&dir)).unwrap();
    symlink(&victim, file(&dir)).unwrap();
    assert!(matches!(store.load("sns").unwrap_err(), SandboxError::Symlink { .. }));
    symlink(&victim, file(&dir).with_extension("json.tmp")).unwrap();
    store.write(&[("sns", b"{}".to_vec())]).unwrap();
    assert_eq!(fs::read_to_string(&victim).unwrap(), "precious");
}

#[test]
fn something_else_in_the_way_is_named() {
    let root = tempfile::tempdir().unwrap();
    let dir = root.path().join("box");
    fs::write(&dir, "a file").unwrap();
    assert!(matches!(open(&dir, ACCOUNT).unwrap_err(), SandboxError::NotA { expected: "folder", .. }));
}

#[test]
fn two_processes_that_both_saw_nothing_do_not_overwrite_each_other() {
    let root = tempfile::tempdir().unwrap();
    let dir = root.path().join("box");
    let (first, second) = (open(&dir, ACCOUNT).unwrap(), open(&dir, ACCOUNT).unwrap());
    first.write(&[("sns", br#"{"x":1}"#.to_vec())]).unwrap();
    drop(first);
    for _ in 0..2 {
        let error = second.write(&[("sns", b"{}".to_vec())]).unwrap_err();
        assert!(matches!(error, SandboxError::Overtaken { .. }), "{error}");
    }
    drop(second);
    assert_eq!(open(&dir, ACCOUNT).unwrap().load("sns").unwrap().unwrap(), br#"{"x":1}"#);
}

#[test]
fn a_change_is_a_line_and_half_a_line_is_none() {
    let root = tempfile::tempdir().unwrap();
    let store = open(root.path(), ACCOUNT).unwrap();
    store.write(&[("iam", b"{}".to_vec()), ("sns", b"{}".to_vec())]).unwrap();
    store.append_change(b"{\"iam\":{\"x\":1},\"sns\":2}\n").unwrap();
    store.append_change(b"{\"iam\":3}\n").unwrap();
    store.append_change(b"{\"iam\":").unwrap();
    drop(store);
    let store = open(root.path(), ACCOUNT).unwrap();
    let (changes, size) = store.journal().unwrap();
    assert_eq!((changes.len(), size), (2, 34));
    assert_eq!(changes[0]["iam"].get(), r#"{"x":1}"#);
    store.append_change(b"{\"iam\":4}\n").unwrap();
    assert_eq!(store.journal().unwrap().0[2]["iam"].get(), "4", "the half line is cut off");
    store.write(&[("iam", b"{}".to_vec())]).unwrap();
    assert!(store.journal().unwrap().0.is_empty(), "what is in the files is not in the journal");
    store.append_change(b"{\"iam\":\n").unwrap();
    let error = store.journal().unwrap_err();
    let journal = file(root.path()).with_file_name(JOURNAL);
    assert!(matches!(&error, SandboxError::Damaged { path, .. } if *path == journal), "{error}");
}

#[test]
fn resetting_removes_one_account_whatever_state_it_is_in() {
    let root = tempfile::tempdir().unwrap();
    for account in ["999999999999", ACCOUNT] {
        open(root.path(), account).unwrap().write(&[("sns", b"{}".to_vec())]).unwrap();
    }
    fs::write(file(root.path()), "damaged").unwrap();
    fs::write(root.path().join("sandbox.json"), "damaged").unwrap();
    assert_eq!(accounts(root.path()).unwrap(), [ACCOUNT, "999999999999"]);
    assert!(reset(root.path(), ACCOUNT).unwrap());
    assert!(!reset(root.path(), ACCOUNT).unwrap());
    assert_eq!(accounts(root.path()).unwrap(), ["999999999999"]);
    assert!(open(root.path(), ACCOUNT).unwrap().load("sns").unwrap().is_none());
    assert!(accounts(&root.path().join("absent")).unwrap().is_empty());
}
