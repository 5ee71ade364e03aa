//! Which of our crates knows which, and that tokio's own runtime is in none of them.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::process::Command;

/// What of tokio needs a runtime of its own. `full` turns all of them on.
const OF_THE_RUNTIME: [&str; 8] = [
    "rt",
    "rt-multi-thread",
    "net",
    "time",
    "fs",
    "process",
    "signal",
    "full",
];

/// Our packages, and which of them each may depend on. Only what runs or builds counts, not what
/// its tests use.
const ARROWS: [(&str, &[&str]); 10] = [
    ("mainspring-macros", &[]),
    ("mainspring-sync", &[]),
    ("mainspring-timer", &["mainspring-sync"]),
    ("mainspring-executor", &["mainspring-sync"]),
    // Only a build under loom depends on it; the tree is that of a normal one.
    ("mainspring-loom", &[]),
    ("mainspring-io", &["mainspring-executor", "mainspring-sync"]),
    (
        "mainspring",
        &[
            "mainspring-executor",
            "mainspring-io",
            "mainspring-timer",
            "mainspring-sync",
            "mainspring-macros",
        ],
    ),
    // These may know everybody, and nobody may know them.
    ("mainspring-benches", EVERYBODY),
    ("mainspring-downstream", EVERYBODY),
    ("mainspring-loom-tests", EVERYBODY),
];

const EVERYBODY: &[&str] = &[
    "mainspring",
    "mainspring-executor",
    "mainspring-io",
    "mainspring-timer",
    "mainspring-sync",
    "mainspring-macros",
];

/// Makes `cargo tree` write, without spaces, a package and the features that are on in it.
const FEATURES: &str = "--prefix none --format {p}[{f}]";

/// What `cargo tree` with these arguments says, without asking the network.
fn tree(arguments: &str) -> String {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut command = Command::new(env!("CARGO"));
    command.current_dir(root).args(["tree", "--offline"]);
    if root.join("Cargo.lock").exists() {
        command.arg("--locked");
    }
    let output = command.args(arguments.split_whitespace()).output();
    let output = output.expect("cargo is where it was when this was built");
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "cargo tree {arguments}: {errors}");
    String::from_utf8(output.stdout).expect("cargo writes UTF-8")
}

/// The features of tokio that are on, from the output of `cargo tree` with [`FEATURES`].
fn features_of_tokio(tree: &str) -> BTreeSet<&str> {
    let lines = tree.lines().filter(|line| line.starts_with("tokio v"));
    lines
        .filter_map(|line| line.split_once('[')?.1.split_once(']'))
        .flat_map(|(features, _)| features.split(','))
        .collect()
}

/// What each of our packages depends on of ours, from the output of
/// `cargo tree --prefix depth --no-dedupe --depth 1`.
fn arrows_in(tree: &str) -> BTreeMap<&str, BTreeSet<&str>> {
    let mut arrows: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    let mut from = None;
    for line in tree.lines() {
        let Some((depth, package)) = line.split_at_checked(1) else {
            from = None;
            continue;
        };
        let Some(package) = package.split(' ').next() else {
            continue;
        };
        match (depth, from) {
            ("0", _) => {
                arrows.entry(package).or_default();
                from = Some(package);
            }
            ("1", Some(from)) if package.starts_with("mainspring") => {
                arrows.entry(from).or_default().insert(package);
            }
            _ => {}
        }
    }
    arrows
}

#[test]
fn the_parts_of_tokio_that_need_a_runtime_are_off() {
    for edges in ["all", "no-dev"] {
        let everything_but = "--workspace --exclude mainspring-benches";
        let tree = tree(&format!("{everything_but} {FEATURES} -e {edges}"));
        let features = features_of_tokio(&tree);
        for wanted in ["sync", "io-util", "macros"] {
            assert!(
                features.contains(wanted),
                "the tree was misread: {features:?}"
            );
        }
        for unwanted in OF_THE_RUNTIME {
            assert!(!features.contains(unwanted), "-e {edges}: {features:?}");
        }
    }
}

#[test]
fn the_comparison_with_tokio_has_them_on() {
    // So the other tests would see them.
    let tree = tree(&format!("-p mainspring-benches {FEATURES}"));
    let features = features_of_tokio(&tree);
    assert!(features.contains("rt-multi-thread"), "{features:?}");
}

#[test]
fn each_feature_by_itself_leaves_them_off() {
    for feature in [
        "full",
        "rt",
        "net",
        "time",
        "fs",
        "process",
        "signal",
        "hyper",
        "test-util",
        "tracing",
    ] {
        let chosen = format!("-p mainspring --no-default-features --features {feature}");
        let tree = tree(&format!("{chosen} {FEATURES} -e no-dev"));
        assert!(
            tree.contains("tokio v"),
            "{feature}: tokio is not in the tree"
        );
        let features = features_of_tokio(&tree);
        for unwanted in OF_THE_RUNTIME {
            assert!(!features.contains(unwanted), "{feature}: {features:?}");
        }
    }
}

#[test]
fn the_arrows_between_our_crates_point_one_way() {
    let tree = tree("--workspace --depth 1 --prefix depth --no-dedupe -e no-dev");
    let arrows = arrows_in(&tree);
    let known: BTreeSet<_> = ARROWS.iter().map(|(package, _)| *package).collect();
    let found: BTreeSet<_> = arrows.keys().copied().collect();
    assert_eq!(found, known, "a crate is new here, or gone");
    for (package, allowed) in ARROWS {
        let allowed = BTreeSet::from_iter(allowed.iter().copied());
        let unwanted: Vec<_> = arrows[package].difference(&allowed).collect();
        assert!(unwanted.is_empty(), "{package} depends on {unwanted:?}");
    }
    // The tree was not misread: what composes the others depends on them.
    assert!(arrows["mainspring"].contains("mainspring-io"));
    assert!(arrows["mainspring-io"].contains("mainspring-executor"));
}

#[test]
fn not_even_the_tests_of_our_crates_depend_on_benches_or_models() {
    let tree = tree("--workspace --depth 1 --prefix depth --no-dedupe");
    for (package, on) in arrows_in(&tree) {
        for unwanted in [
            "mainspring-benches",
            "mainspring-downstream",
            "mainspring-loom-tests",
        ] {
            assert!(!on.contains(unwanted), "{package} depends on {unwanted}");
        }
    }
}

#[test]
fn a_normal_build_has_nothing_of_loom() {
    let ours = "-p mainspring -p mainspring-executor -p mainspring-io -p mainspring-timer";
    let tree = tree(&format!(
        "{ours} --all-features --prefix none -e normal,build"
    ));
    let names: BTreeSet<_> = tree
        .lines()
        .filter_map(|line| line.split(' ').next())
        .collect();
    for unwanted in ["loom", "mainspring-loom", "generator", "tracing-subscriber"] {
        assert!(!names.contains(unwanted), "{unwanted} is in the tree");
    }
    assert!(
        names.contains("crossbeam-deque"),
        "the tree was misread: {tree}"
    );
    // They have these names in the manifests: in builds under loom they are there.
    for manifest in [
        "Cargo.toml",
        "executor/Cargo.toml",
        "io/Cargo.toml",
        "timer/Cargo.toml",
    ] {
        let text = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(manifest));
        let text = text.expect("it is there");
        let section = "[target.'cfg(mainspring_loom)'.dependencies]\nloom.workspace = true\n\
                       mainspring-loom.workspace = true\n";
        assert!(text.contains(section), "{manifest}");
    }
}

#[test]
fn features_and_arrows_are_read_from_what_cargo_writes() {
    let features = "mainspring v0.1.0 (/x)[full]\ntokio v1.54.0[rt,sync]\n\
                    tokio-macros v2.7.2 (proc-macro)[fs]\ntokio v1.54.0[rt,sync] (*)\n";
    assert_eq!(features_of_tokio(features), BTreeSet::from(["rt", "sync"]));
    let tree = "0mainspring-io v0.1.0 (/x)\n1mainspring-executor v0.1.0 (/x)\n1slab v0.4.12\n\n\
                0mainspring-timer v0.1.0 (/x)\n1parking_lot v0.12.5\n";
    let arrows = arrows_in(tree);
    assert_eq!(
        arrows["mainspring-io"],
        BTreeSet::from(["mainspring-executor"])
    );
    assert!(arrows["mainspring-timer"].is_empty());
}
