//! Holds the rules of who may see whom: the crates' dependencies, and what the tree's files may contain.

use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The crates of the workspace a crate may depend on, for building or for its tests.
enum May {
    See(&'static [&'static str]),
    SeeAll,
}

/// One line a crate. A dependency that is not here is a mistake, or a decision to be made here.
const TABLE: &[(&str, May)] = &[
    ("cortado-arch", May::See(&[])),
    ("cortado-random", May::See(&[])),
    ("cortado-graph", May::See(&["cortado-random"])),
    ("cortado-models", May::See(&["cortado-graph", "cortado-random"])),
    ("cortado-hw", May::See(&["cortado-arch"])),
    ("cortado-link", May::See(&["cortado-arch"])),
    ("cortado-iss", May::See(&["cortado-arch"])),
    ("cortado-cosim", May::See(&["cortado-arch"])),
    ("cortado-map", May::See(&["cortado-arch", "cortado-graph"])),
    ("cortado-golden", May::See(&["cortado-graph"])),
    ("cortado-agents", May::See(&["cortado-golden", "cortado-random"])),
    ("cortado-driver", May::See(&["cortado-arch", "cortado-agents", "cortado-cosim", "cortado-golden"])),
    ("cortado", May::SeeAll),
    ("cortado-tests", May::SeeAll),
];

/// Dependencies of each member of the workspace on other members, with their kind.
type Edges = BTreeMap<String, Vec<(String, String)>>;

fn root() -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent();
    root.expect("the crate lies in the workspace").to_owned()
}

fn cargo_metadata() -> Value {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--no-deps", "--format-version", "1"])
        .current_dir(root())
        .output()
        .expect("cargo runs, for it runs this test");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).expect("cargo metadata prints JSON")
}

/// Reads the edges among the members. A path dependency counts under its package's own name, however it is renamed.
fn edges(metadata: &Value) -> Edges {
    let packages = metadata["packages"].as_array().expect("packages");
    let text = |value: &Value| value.as_str().expect("a name").to_owned();
    let members: BTreeSet<String> = packages.iter().map(|p| text(&p["name"])).collect();
    packages
        .iter()
        .map(|package| {
            let dependencies = package["dependencies"].as_array().expect("dependencies");
            let inside = dependencies
                .iter()
                .map(|d| (text(&d["name"]), d["kind"].as_str().unwrap_or("normal")))
                .filter(|(name, _)| members.contains(name))
                .map(|(name, kind)| (name, kind.to_owned()))
                .collect();
            (text(&package["name"]), inside)
        })
        .collect()
}

/// What in `edges` the table does not allow, one line each.
fn offences(edges: &Edges) -> Vec<String> {
    let mut offences = Vec::new();
    for (from, targets) in edges {
        let Some((_, may)) = TABLE.iter().find(|(name, _)| name == from) else {
            offences.push(format!("{from} is not in the table of tests/tests/edges.rs"));
            continue;
        };
        for (to, kind) in targets {
            let allowed = match may {
                May::See(allowed) => allowed.contains(&to.as_str()),
                May::SeeAll => true,
            };
            if !allowed {
                offences.push(format!("{from} -> {to} ({kind} dependency)"));
            }
        }
    }
    for (name, _) in TABLE {
        if !edges.contains_key(*name) {
            offences.push(format!("{name} is in the table but not in the workspace"));
        }
    }
    offences
}

#[test]
fn crates_depend_only_on_those_they_may_see() {
    let offences = offences(&edges(&cargo_metadata()));
    assert!(offences.is_empty(), "not allowed:\n{}", offences.join("\n"));
}

#[test]
fn a_forbidden_edge_is_found_whatever_its_kind() {
    for kind in [Value::Null, "dev".into(), "build".into()] {
        let mut metadata = cargo_metadata();
        let packages = metadata["packages"].as_array_mut().expect("packages");
        let golden = packages
            .iter_mut()
            .find(|package| package["name"] == "cortado-golden")
            .expect("cortado-golden is a member");
        let smuggled = serde_json::json!({"name": "cortado-iss", "rename": "helper", "kind": kind});
        golden["dependencies"].as_array_mut().expect("dependencies").push(smuggled);
        let found = offences(&edges(&metadata));
        assert!(found.iter().any(|line| line.starts_with("cortado-golden -> cortado-iss")), "{kind}: {found:?}");
    }
}

/// The text files of the project, relative to its root: all but what .gitignore and binary formats exclude.
fn files() -> Vec<PathBuf> {
    fn walk(folder: &Path, files: &mut Vec<PathBuf>) {
        for entry in fs::read_dir(folder).expect("the tree can be read") {
            let path = entry.expect("the tree can be read").path();
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            if path.is_symlink() || [".git", "build", "target"].contains(&name.as_ref()) {
                continue;
            }
            if path.is_dir() {
                walk(&path, files);
            } else {
                files.push(path);
            }
        }
    }
    let mut files = Vec::new();
    walk(&root(), &mut files);
    files.sort();
    files
}

/// Words that must not stand in this file either are put together here.
fn word(parts: &[&str]) -> String {
    parts.concat()
}

/// The numbered lines of a Rust file that run in production: neither comments nor what follows `#[cfg(test)]`.
fn production_lines(text: &str) -> impl Iterator<Item = (usize, &str)> {
    (1..)
        .zip(text.lines())
        .take_while(|(_, line)| !line.trim_start().starts_with("#[cfg(test)]"))
        .filter(|(_, line)| !line.trim_start().starts_with("//"))
}

/// Whether a path holds Rust that may not write modules: tests bring fixtures, the emitter is the one that may.
fn must_not_write_modules(path: &Path) -> bool {
    let is_test = path.file_name().is_some_and(|name| name == "tests.rs")
        || path.components().any(|part| part.as_os_str() == "tests");
    let is_emitter = path.starts_with("hw/src/emit") || path == Path::new("hw/src/emit.rs");
    path.extension().is_some_and(|kind| kind == "rs") && !is_test && !is_emitter
}

#[test]
fn only_the_emitter_writes_verilog_modules() {
    let root = root();
    let mut found = Vec::new();
    for file in files() {
        let path = file.strip_prefix(&root).unwrap_or(&file);
        if !must_not_write_modules(path) {
            continue;
        }
        let text = fs::read_to_string(&file).expect("Rust is text");
        let lines = production_lines(&text).filter(|(_, line)| line.contains("endmodule"));
        found.extend(lines.map(|(at, line)| format!("{}:{at}: {}", path.display(), line.trim())));
    }
    assert!(found.is_empty(), "Verilog modules are written in hw/src/emit alone:\n{}", found.join("\n"));
}

#[test]
fn modules_in_production_code_are_told_from_those_in_comments_and_tests() {
    let text = "//! endmodule\nlet a = \"endmodule\";\n    // endmodule\n#[cfg(test)]\nlet b = \"endmodule\";\n";
    let found: Vec<usize> =
        production_lines(text).filter(|(_, line)| line.contains("endmodule")).map(|(at, _)| at).collect();
    assert_eq!(found, [2]);
    for (path, expected) in [
        ("hw/src/cells/mac.rs", true),
        ("sim/cosim/src/build.rs", true),
        ("hw/src/emit/writer.rs", false),
        ("hw/src/emit.rs", false),
        ("sim/cosim/tests/build.rs", false),
        ("gen/cli/src/synth/tests.rs", false),
        ("gen/cli/src/synth/fixtures/counter.v", false),
    ] {
        assert_eq!(must_not_write_modules(Path::new(path)), expected, "{path}");
    }
}

/// Whether a line names a folder of one person's machine.
fn names_a_machine(line: &str, folders: &[String]) -> bool {
    folders.iter().any(|folder| {
        line.match_indices(folder.as_str()).any(|(at, _)| {
            // "../tmp/" and "build/tmp/" are relative: a path from the root starts a word.
            let before = line[..at].chars().next_back();
            !before.is_some_and(|c| c.is_alphanumeric() || "._-/}$)*>".contains(c))
        })
    })
}

fn machine_folders() -> Vec<String> {
    ["work", "tmp", "root", "home", "Users", "mnt"].iter().map(|name| word(&["/", name, "/"])).collect()
}

#[test]
fn no_file_names_a_folder_of_one_machine() {
    let root = root();
    let folders = machine_folders();
    let mut found = Vec::new();
    for file in files() {
        // A file that is not text holds no line of ours.
        let Ok(text) = fs::read_to_string(&file) else {
            continue;
        };
        let path = file.strip_prefix(&root).unwrap_or(&file);
        let lines = (1_usize..).zip(text.lines());
        let lines = lines.filter(|(_, line)| names_a_machine(line, &folders));
        found.extend(lines.map(|(at, line)| format!("{}:{at}: {}", path.display(), line.trim())));
    }
    assert!(found.is_empty(), "paths of one machine; make them relative or an option:\n{}", found.join("\n"));
}

#[test]
fn machine_folders_are_told_from_relative_ones() {
    let folders = machine_folders();
    let work = word(&["/wo", "rk/"]);
    for (line, expected) in [
        (format!("let path = \"{work}main\";"), true),
        (format!("cd {work}main"), true),
        (format!("{work}main"), true),
        (format!("build{work}main"), false),
        (format!("..{work}main"), false),
        (format!("$ROOT{work}main"), false),
        ("a framework/module".to_owned(), false),
    ] {
        assert_eq!(names_a_machine(&line, &folders), expected, "{line}");
    }
}
