//! The README's first command.

use std::process::Command;

use crate::support::secrets_in;

#[test]
fn the_unattended_demo_ends_well_only_when_every_message_arrived_and_shows_no_whole_secret() {
    let home = tempfile::TempDir::new().unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_mailgrant"))
        .args(["demo", "--unattended"])
        .env_clear()
        .env("PATH", "/usr/bin:/bin")
        .env("HOME", home.path())
        .env("TMPDIR", home.path())
        .output()
        .unwrap();
    let said = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
    assert!(output.status.success(), "{said}");
    assert!(said.contains("messages arrived, byte for byte."), "{said}");
    assert_eq!(secrets_in(&said), [""; 0], "{said}");
    let left = std::fs::read_dir(home.path()).unwrap().count();
    assert_eq!(left, 0, "everything that it made is removed");
}
