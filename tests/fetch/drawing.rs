//! What is drawn on a terminal while the downloads run.
#![cfg(unix)]

use std::time::Duration;

use crate::answer::Answer;
use crate::run::{Directory, command, run_on_terminal};
use crate::{fixed_server, noise};

/// 640 KiB, in 1.6 s.
fn slow() -> Answer {
    Answer::bytes(noise(640 * 1024)).paced(16 * 1024, Duration::from_millis(40))
}

fn drawn(answer: fn() -> Answer) -> String {
    let server = fixed_server(move || answer().with(200, None));
    let directory = Directory::new();
    let mut command = command();
    command.arg("--out").arg(directory.path());
    command.arg(server.url("/film.bin"));
    let run = run_on_terminal(command);
    run.expect(0, &["655360 bytes"]);
    run.errors
}

/// The numbers in front of `unit`, which ends a word.
fn numbers_of(drawn: &str, unit: &str) -> Vec<f64> {
    let words: Vec<_> = drawn
        .split(|c: char| c.is_whitespace() || "/[]\u{1b}".contains(c))
        .collect();
    let pairs = words.windows(2).filter(|pair| pair[1] == unit);
    pairs.filter_map(|pair| pair[0].parse().ok()).collect()
}

#[test]
fn a_terminal_shows_each_file_with_its_bytes_and_its_speed() {
    let drawn = drawn(slow);
    assert!(drawn.contains("film.bin"), "{drawn:?}");
    assert!(drawn.contains("0 of 1 done"), "{drawn:?}");
    // So far, of how much, and how much a second.
    let bytes = numbers_of(&drawn, "KiB");
    assert!(bytes.contains(&640.0), "{drawn:?}");
    let between = bytes.iter().filter(|count| (16.0..640.0).contains(*count));
    assert!(between.count() >= 5, "{drawn:?}");
    assert!(has_speed(&drawn), "{drawn:?}");
}

#[test]
fn a_terminal_shows_the_bytes_and_the_speed_of_a_file_of_unknown_length_too() {
    let drawn = drawn(|| slow().chunked());
    let bytes = numbers_of(&drawn, "KiB");
    let between = bytes.iter().filter(|count| (16.0..640.0).contains(*count));
    assert!(between.count() >= 5, "{drawn:?}");
    assert!(has_speed(&drawn), "{drawn:?}");
}

/// Whether a speed was drawn that may be that of [`slow`].
fn has_speed(drawn: &str) -> bool {
    let speeds = drawn.match_indices("KiB/s").filter_map(|(end, _)| {
        let number = drawn[..end].trim_end().rsplit(' ').next()?;
        number.parse::<f64>().ok()
    });
    speeds
        .into_iter()
        .any(|speed| (40.0..1000.0).contains(&speed))
}
