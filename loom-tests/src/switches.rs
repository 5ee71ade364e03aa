//! The switches that the sources have.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::{fs, io};

/// The crates whose protocols are modelled; "." is the facade.
const CRATES: [&str; 5] = [".", "executor", "io", "timer", "sync"];

/// The names in every `mutant!("…")` and `order!("…", …)`. One for each half of an AcqRel.
pub(crate) fn in_the_sources() -> io::Result<BTreeSet<String>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut names = BTreeSet::new();
    let mut folders: Vec<PathBuf> = CRATES
        .iter()
        .map(|name| root.join(name).join("src"))
        .collect();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder)? {
            let path = entry?.path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                collect(&fs::read_to_string(&path)?, &mut names);
            }
        }
    }
    Ok(names)
}

fn collect(source: &str, names: &mut BTreeSet<String>) {
    for opening in ["mutant!(", "order!("] {
        for rest in source.split(opening).skip(1) {
            let quoted = rest.trim_start().strip_prefix('"');
            let Some((name, rest)) = quoted.and_then(|rest| rest.split_once('"')) else {
                continue;
            };
            let order = rest.trim_start_matches(|c: char| c == ',' || c.is_whitespace());
            if order.starts_with("AcqRel") {
                names.extend(["Acquire", "Release"].map(|half| format!("{name} (no {half})")));
            } else {
                names.insert(name.to_owned());
            }
        }
    }
}
