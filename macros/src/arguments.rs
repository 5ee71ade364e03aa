//! The arguments of `#[main]` and `#[test]`: reads them and decides whether they fit together.
//!
//! Every refusal points at the argument that is wrong and says what to write instead. Arguments
//! are read one by one and the first fault ends the reading, because later ones are often its
//! consequences.

use proc_macro2::{Span, TokenStream};
use syn::parse::Parser;
use syn::punctuated::Punctuated;
use syn::spanned::Spanned;
use syn::{Error, Expr, ExprLit, Lit, LitStr, Meta, MetaNameValue, Path, Result, Token};

/// What the user asked of the runtime; complete and consistent.
pub(crate) struct Arguments {
    /// The kind of scheduler.
    pub(crate) flavor: Flavor,
    /// The number of workers, when the user gave one.
    pub(crate) worker_threads: Option<usize>,
    /// Whether the clock starts paused, when the user said so.
    pub(crate) start_paused: Option<bool>,
    /// What becomes of a panic that nobody can see.
    pub(crate) unhandled_panic: UnhandledPanic,
    /// Where the runtime's crate is, when the user said so.
    pub(crate) crate_path: Option<Path>,
}

impl Arguments {
    /// The arguments of an attribute that has none.
    pub(crate) fn defaults(attribute: Attribute) -> Self {
        Self {
            flavor: attribute.default_flavor(),
            worker_threads: None,
            start_paused: None,
            unhandled_panic: attribute.default_unhandled_panic(),
            crate_path: None,
        }
    }

    /// Reads what stands between the attribute's parentheses.
    ///
    /// # Errors
    ///
    /// An argument that is unknown, given twice, has a value of the wrong kind, or contradicts
    /// another.
    pub(crate) fn parse(attribute: Attribute, tokens: TokenStream) -> Result<Self> {
        let list = Punctuated::<Meta, Token![,]>::parse_terminated.parse2(tokens)?;
        let mut given = Given::default();
        for argument in list {
            match argument {
                Meta::NameValue(pair) => given.take(&pair)?,
                Meta::Path(path) => return Err(without_value(attribute, &path)),
                Meta::List(list) => {
                    return Err(Error::new_spanned(list, "expected `name = value`"));
                }
            }
        }
        given.check(attribute)
    }
}

/// Which of the two macros is at work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Attribute {
    /// `#[main]`.
    Main,
    /// `#[test]`.
    Test,
}

impl Attribute {
    /// The last segment of the attribute's path.
    fn name(self) -> &'static str {
        match self {
            Self::Main => "main",
            Self::Test => "test",
        }
    }

    /// The scheduler that runs the body when the user names none.
    fn default_flavor(self) -> Flavor {
        match self {
            Self::Main => Flavor::MultiThread,
            Self::Test => Flavor::CurrentThread,
        }
    }

    /// What becomes of a panic that nobody can see when the user says nothing. A test must fail of
    /// it.
    fn default_unhandled_panic(self) -> UnhandledPanic {
        match self {
            Self::Main => UnhandledPanic::Ignore,
            Self::Test => UnhandledPanic::ShutdownRuntime,
        }
    }
}

/// The kind of scheduler.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Flavor {
    /// `runtime::Builder::new_multi_thread`.
    MultiThread,
    /// `runtime::Builder::new_current_thread`.
    CurrentThread,
}

impl Flavor {
    fn parse(text: &LitStr) -> Result<Self> {
        let message = match text.value().as_str() {
            "multi_thread" => return Ok(Self::MultiThread),
            "current_thread" => return Ok(Self::CurrentThread),
            "local" => {
                "the flavor `local` does not exist in Mainspring; use `current_thread`, and a \
                 `task::LocalSet` for tasks that are not `Send`"
                    .to_owned()
            }
            other => format!(
                "there is no flavor `{other}`; the flavors are `multi_thread` and `current_thread`"
            ),
        };
        Err(Error::new(text.span(), message))
    }
}

/// What becomes of the panic of a task whose handle nobody holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum UnhandledPanic {
    /// A line on standard error.
    Ignore,
    /// It ends the runtime, and the function panics.
    ShutdownRuntime,
}

impl UnhandledPanic {
    fn parse(text: &LitStr) -> Result<Self> {
        match text.value().as_str() {
            "ignore" => Ok(Self::Ignore),
            "shutdown_runtime" => Ok(Self::ShutdownRuntime),
            other => Err(Error::new(
                text.span(),
                format!(
                    "`unhandled_panic` takes \"ignore\" or \"shutdown_runtime\"; `{other}` is \
                     neither"
                ),
            )),
        }
    }
}

/// The arguments read so far, each with the place to point at when it turns out not to fit.
#[derive(Default)]
struct Given {
    /// `flavor = ".."`.
    flavor: Option<(Flavor, Span)>,
    /// `worker_threads = ..`.
    worker_threads: Option<(usize, Span)>,
    /// `start_paused = ..`.
    start_paused: Option<(bool, Span)>,
    /// `unhandled_panic = ".."`.
    unhandled_panic: Option<(UnhandledPanic, Span)>,
    /// `crate = ".."`.
    crate_path: Option<(Path, Span)>,
}

impl Given {
    /// Takes in one `name = value`.
    fn take(&mut self, pair: &MetaNameValue) -> Result<()> {
        let name = pair
            .path
            .get_ident()
            .map(ToString::to_string)
            .unwrap_or_default();
        let span = pair.span();
        match name.as_str() {
            "flavor" => {
                let flavor = Flavor::parse(string(pair, "flavor")?)?;
                store(&mut self.flavor, &name, flavor, span)
            }
            "worker_threads" => store(&mut self.worker_threads, &name, worker_threads(pair)?, span),
            "start_paused" => store(&mut self.start_paused, &name, boolean(pair)?, span),
            "crate" => store(&mut self.crate_path, &name, crate_path(pair)?, span),
            "unhandled_panic" => {
                let policy = UnhandledPanic::parse(string(pair, "unhandled_panic")?)?;
                store(&mut self.unhandled_panic, &name, policy, span)
            }
            "name" => Err(Error::new_spanned(
                &pair.path,
                format!("`{name}` is not supported by Mainspring; leave it out"),
            )),
            _ => Err(unknown(&pair.path)),
        }
    }

    /// Looks for contradictions between the arguments.
    fn check(self, attribute: Attribute) -> Result<Arguments> {
        let flavor = self
            .flavor
            .map_or(attribute.default_flavor(), |(flavor, _)| flavor);
        let misplaced = match flavor {
            Flavor::MultiThread => self
                .start_paused
                .map(|(_, span)| (span, "start_paused", "current_thread")),
            Flavor::CurrentThread => self
                .worker_threads
                .map(|(_, span)| (span, "worker_threads", "multi_thread")),
        };
        if let Some((span, argument, flavor)) = misplaced {
            let name = attribute.name();
            return Err(Error::new(
                span,
                format!(
                    "`{argument}` needs the flavor `{flavor}`: write \
                     `#[{name}(flavor = \"{flavor}\", {argument} = ..)]`"
                ),
            ));
        }
        Ok(Arguments {
            flavor,
            worker_threads: self.worker_threads.map(|(count, _)| count),
            start_paused: self.start_paused.map(|(paused, _)| paused),
            unhandled_panic: self
                .unhandled_panic
                .map_or(attribute.default_unhandled_panic(), |(policy, _)| policy),
            crate_path: self.crate_path.map(|(path, _)| path),
        })
    }
}

fn store<T>(slot: &mut Option<(T, Span)>, name: &str, value: T, span: Span) -> Result<()> {
    if slot.is_some() {
        return Err(Error::new(span, format!("`{name}` is given twice")));
    }
    *slot = Some((value, span));
    Ok(())
}

fn literal(value: &Expr) -> Option<&Lit> {
    match value {
        Expr::Lit(ExprLit { lit, .. }) => Some(lit),
        // A literal that a `macro_rules!` variable carried in arrives in an invisible group.
        Expr::Group(group) => literal(&group.expr),
        _ => None,
    }
}

fn string<'a>(pair: &'a MetaNameValue, name: &str) -> Result<&'a LitStr> {
    match literal(&pair.value) {
        Some(Lit::Str(text)) => Ok(text),
        _ => Err(Error::new_spanned(
            &pair.value,
            format!("`{name}` takes a string literal"),
        )),
    }
}

fn worker_threads(pair: &MetaNameValue) -> Result<usize> {
    let count = match literal(&pair.value) {
        Some(Lit::Int(number)) => number.base10_parse::<usize>().ok(),
        _ => None,
    };
    match count {
        Some(count) if count > 0 => Ok(count),
        _ => Err(Error::new_spanned(
            &pair.value,
            "`worker_threads` takes a whole number from 1",
        )),
    }
}

fn boolean(pair: &MetaNameValue) -> Result<bool> {
    match literal(&pair.value) {
        Some(Lit::Bool(value)) => Ok(value.value),
        _ => Err(Error::new_spanned(
            &pair.value,
            "`start_paused` takes `true` or `false`",
        )),
    }
}

fn crate_path(pair: &MetaNameValue) -> Result<Path> {
    let text = string(pair, "crate")?;
    text.parse_with(Path::parse_mod_style).map_err(|_| {
        Error::new(
            text.span(),
            format!(
                "`crate` takes a path, such as \"::mainspring\"; `{}` is none",
                text.value()
            ),
        )
    })
}

fn without_value(attribute: Attribute, path: &Path) -> Error {
    let name = path
        .get_ident()
        .map(ToString::to_string)
        .unwrap_or_default();
    let attribute = attribute.name();
    let message = match name.as_str() {
        "flavor" | "worker_threads" | "start_paused" | "unhandled_panic" | "crate" => {
            format!("`{name}` needs a value: `#[{attribute}({name} = ..)]`")
        }
        "multi_thread" | "current_thread" => {
            format!("name the flavor with `#[{attribute}(flavor = \"{name}\")]`")
        }
        _ => return unknown(path),
    };
    Error::new_spanned(path, message)
}

fn unknown(path: &Path) -> Error {
    Error::new_spanned(
        path,
        "unknown argument; there are `flavor`, `worker_threads`, `start_paused`, \
         `unhandled_panic` and `crate`",
    )
}
