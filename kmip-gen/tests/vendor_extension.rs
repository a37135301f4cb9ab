//! The example of docs/vendor-extension.md, built and run from the page itself: what it says is what happens.

mod common;

use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

use common::tests;

/// Where the page shows the path of the checkout.
const CHECKOUT: &str = "../kmip/kmip";

#[test]
fn the_example_builds_and_runs() {
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let Ok(page) = fs::read_to_string(workspace.join("docs/vendor-extension.md")) else {
        eprintln!("skipped: there is no docs/vendor-extension.md here");
        return;
    };
    let files = files(&page);
    the_tables_are_those_of_the_overlay(&files);

    let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join("racks");
    let kmip = fs::canonicalize(workspace.join("kmip")).unwrap();
    for (path, text) in &files {
        let mut text = text.clone();
        if path == "Cargo.toml" {
            assert!(text.contains(CHECKOUT), "{text}");
            text = text.replace(CHECKOUT, kmip.to_str().unwrap());
            // It may lie within our workspace, and is no part of it. What is tested is not the debugger.
            text += "\n[workspace]\n\n[profile.dev]\ndebug = false\n";
        }
        write(&directory.join(path), &text);
    }
    // The packages that the workspace uses: nothing has to be looked up, and nothing else can come in.
    write(&directory.join("Cargo.lock"), &fs::read_to_string(workspace.join("Cargo.lock")).unwrap());

    let output = Command::new(env!("CARGO"))
        .args(["run", "--quiet", "--offline"])
        .current_dir(&directory)
        .env("CARGO_TARGET_DIR", directory.join("target"))
        .env_remove("KMIP_SPEC_OVERLAY")
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let expected = block(page.split("`cargo run` prints:").nth(1).unwrap()).unwrap();
    assert_eq!(String::from_utf8(output.stdout).unwrap(), expected);
}

/// The files that the page shows: a path in backticks, and the fenced block that comes next.
fn files(page: &str) -> Vec<(String, String)> {
    let is_path = |text: &&str| text.contains('.') && !text.contains([' ', '(']) && !text.contains("..");
    let mut files = Vec::new();
    let mut parts = page.split("\n```");
    let mut before = parts.next().unwrap();
    while let (Some(block), Some(after)) = (parts.next(), parts.next()) {
        let (_, text) = block.split_once('\n').unwrap();
        // The last paragraph that names a file introduces it.
        let paragraph = before.trim_end().rsplit("\n\n").next().unwrap();
        if let Some(path) = paragraph.split('`').skip(1).step_by(2).filter(is_path).last() {
            files.push((path.to_owned(), format!("{text}\n")));
        }
        before = after;
    }
    files
}

/// The first fenced block of a text.
fn block(text: &str) -> Option<String> {
    let (_, text) = text.split_once("```text\n")?;
    Some(format!("{}\n", text.split_once("\n```")?.0))
}

/// The page shows what the other tests use, all of it.
fn the_tables_are_those_of_the_overlay(files: &[(String, String)]) {
    let overlay = tests("overlay");
    let mut shown: Vec<PathBuf> = Vec::new();
    for (path, text) in files {
        if let Some(table) = path.strip_prefix("tables/") {
            assert_eq!(&fs::read_to_string(overlay.join(table)).unwrap(), text, "{path}");
            shown.push(overlay.join(table));
        }
    }
    for directory in [overlay.clone(), overlay.join("structures"), overlay.join("operations")] {
        for entry in fs::read_dir(directory).unwrap() {
            let path = entry.unwrap().path();
            let is_table = path.extension().is_some_and(|extension| extension == "yaml");
            assert!(!is_table || shown.contains(&path), "{} is not shown", path.display());
        }
    }
}

/// Leaves a file alone that is as it should be, so that nothing is built again for it.
fn write(path: &Path, text: &str) {
    if fs::read_to_string(path).is_ok_and(|known| known == text) {
        return;
    }
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}
