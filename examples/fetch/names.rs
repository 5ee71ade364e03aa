//! File names for URLs: recognisable, harmless and different from each other.

use std::collections::HashSet;

use url::Url;

/// The name for a URL that ends in no name, as web servers call such a page.
const NAMELESS: &str = "index.html";

/// The longest name in bytes; file systems allow 255, and temporary names add to it.
const NAME_BYTES_MAX: usize = 200;

/// Gives out names, each once.
#[derive(Debug, Default)]
pub(crate) struct Names {
    /// What was given out, in lower case: some file systems do not tell cases apart.
    taken: HashSet<String>,
}

impl Names {
    /// A name for what `url` leads to; `name.ext`, or `name-2.ext` if that is taken.
    pub(crate) fn give(&mut self, url: &Url) -> String {
        let wanted = wanted_name(url);
        let (stem, extension) = match wanted.rfind('.') {
            Some(dot) if dot > 0 => wanted.split_at(dot),
            _ => (wanted.as_str(), ""),
        };
        let mut name = wanted.clone();
        let mut number = 2_u64;
        while !self.taken.insert(name.to_lowercase()) {
            name = format!("{stem}-{number}{extension}");
            number += 1;
        }
        name
    }
}

/// The last part of the URL's path, made safe to be used as a file's name.
fn wanted_name(url: &Url) -> String {
    let segment = url
        .path_segments()
        .and_then(|mut segments| segments.next_back());
    let decoded = percent_decoded(segment.unwrap_or_default());
    let safe: String = decoded
        .chars()
        .map(|c| if is_unsafe(c) { '_' } else { c })
        .collect();
    // A leading dot would hide the file or name a directory; trailing ones are lost on Windows.
    let mut name = safe
        .trim_start_matches(['.', ' '])
        .trim_end_matches(['.', ' '])
        .to_owned();
    while name.len() > NAME_BYTES_MAX {
        name.pop();
    }
    if name.is_empty() {
        NAMELESS.to_owned()
    } else {
        name
    }
}

/// Whether some operating system gives the character a meaning in paths.
fn is_unsafe(character: char) -> bool {
    character.is_control() || "/\\:*?\"<>|".contains(character)
}

/// The text with its `%41`s replaced by the bytes they stand for.
fn percent_decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, tail @ ..] = rest {
        rest = tail;
        let escaped = match tail {
            [high, low, ..] if *first == b'%' => hexadecimal(*high).zip(hexadecimal(*low)),
            _ => None,
        };
        match escaped {
            Some((high, low)) => {
                bytes.push(high << 4 | low);
                rest = &tail[2..];
            }
            None => bytes.push(*first),
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

fn hexadecimal(digit: u8) -> Option<u8> {
    char::from(digit)
        .to_digit(16)
        .and_then(|value| value.try_into().ok())
}
