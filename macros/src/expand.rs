//! Turns an `async fn` into the function that builds a runtime and runs the body on it.
//!
//! ```text
//! #[main]                        fn main() -> R {
//! async fn main() -> R {             let body = async move {
//!     BODY                               if let Some(never) = None::<R> { return never; }
//! }                          =>          BODY
//!                                    };
//!                                    let runtime = Builder::new_multi_thread()
//!                                        .enable_all().build().expect("..");
//!                                    runtime.block_on(body)
//!                                }
//! ```
//!
//! The line with `never` does nothing when it runs. It tells the compiler the block's type before
//! the body is checked, as a signature would, so that a value of the wrong type is reported where
//! it stands in the user's code, and `?` and coercions find the type they need.
//!
//! Rejected: an inner `async fn` with the user's signature (it could not use `self`, `Self` or the
//! generics of the outer function), and comparing the types after the block (the error then points
//! at no particular place of the body, and values are not coerced to the declared type).
//!
//! Whatever is wrong, the function is emitted along with the errors, so that other errors
//! ("no function `main`") do not follow and editors keep knowing it.

use proc_macro2::{TokenStream, TokenTree};
use quote::{ToTokens, quote};
use syn::{Error, Result, ReturnType, Type};

use crate::arguments::{Arguments, Attribute, Flavor, UnhandledPanic};
use crate::async_fn::AsyncFn;
use crate::runtime_crate;

/// What replaces `item`, which has the attribute with `arguments`.
pub(crate) fn expand(
    attribute: Attribute,
    arguments: TokenStream,
    item: TokenStream,
) -> TokenStream {
    let function = match syn::parse2::<AsyncFn>(item.clone()) {
        Ok(function) => function,
        Err(error) => return with_error(item, &error),
    };
    let checked = check(attribute, &function).and_then(|()| Arguments::parse(attribute, arguments));
    match checked {
        Ok(arguments) => generate(attribute, &arguments, function),
        Err(error) => {
            let arguments = Arguments::defaults(attribute);
            with_error(generate(attribute, &arguments, function), &error)
        }
    }
}

fn with_error(mut tokens: TokenStream, error: &Error) -> TokenStream {
    tokens.extend(error.to_compile_error());
    tokens
}

/// Refuses functions that the attribute does not fit.
fn check(attribute: Attribute, function: &AsyncFn) -> Result<()> {
    let signature = &function.signature;
    if signature.asyncness.is_none() {
        return Err(Error::new_spanned(
            signature.fn_token,
            "this attribute is for an `async fn`: write `async` before `fn`",
        ));
    }
    if attribute == Attribute::Main && signature.ident == "main" && !signature.inputs.is_empty() {
        return Err(Error::new_spanned(
            &signature.inputs,
            "`main` takes no arguments; those of the command line are in `std::env::args()`",
        ));
    }
    let mut attributes = function.attributes.iter();
    match attributes.find(|other| is_standard_test(other)) {
        Some(other) if attribute == Attribute::Test => Err(Error::new_spanned(
            other,
            "the function already is a test; remove this attribute",
        )),
        _ => Ok(()),
    }
}

/// Whether this is the standard library's `#[test]`, by any of its paths.
fn is_standard_test(attribute: &syn::Attribute) -> bool {
    let path = attribute.path();
    let segments: Vec<_> = path
        .segments
        .iter()
        .map(|segment| segment.ident.to_string())
        .collect();
    let segments: Vec<_> = segments.iter().map(String::as_str).collect();
    matches!(
        segments.as_slice(),
        ["test"] | ["std" | "core", "prelude", _, "test"]
    )
}

fn generate(attribute: Attribute, arguments: &Arguments, mut function: AsyncFn) -> TokenStream {
    function.signature.asyncness = None;
    let crate_path = match &arguments.crate_path {
        Some(path) => path.to_token_stream(),
        None => runtime_crate::path(),
    };
    let output = Output::of(&function.signature.output);
    let declare_type = output.declaration();
    let user_body = &function.body;
    let pin = match attribute {
        Attribute::Main => TokenStream::new(),
        Attribute::Test => output.pinned_body(),
    };
    let builder = builder(arguments, &crate_path);
    let run = match arguments.unhandled_panic {
        UnhandledPanic::Ignore => quote!(block_on),
        // It also finds a panic that comes while the runtime ends.
        UnhandledPanic::ShutdownRuntime => quote!(run),
    };
    let body = quote! {
        let body = async move {
            #declare_type
            #user_body
        };
        #pin
        #[allow(clippy::expect_used)]
        let runtime = #builder.build().expect(
            "the runtime could not be built: the system refused it a thread or a poller",
        );
        runtime.#run(body)
    };
    let extra_attributes = match attribute {
        Attribute::Main => TokenStream::new(),
        Attribute::Test => quote!(#[::core::prelude::v1::test]),
    };
    function.with_body(&extra_attributes, body)
}

fn builder(arguments: &Arguments, crate_path: &TokenStream) -> TokenStream {
    let constructor = match arguments.flavor {
        Flavor::MultiThread => quote!(new_multi_thread),
        Flavor::CurrentThread => quote!(new_current_thread),
    };
    let worker_threads = arguments
        .worker_threads
        .map(|count| quote!(.worker_threads(#count)));
    let start_paused = arguments
        .start_paused
        .map(|paused| quote!(.start_paused(#paused)));
    let unhandled_panic = match arguments.unhandled_panic {
        UnhandledPanic::Ignore => None,
        UnhandledPanic::ShutdownRuntime => Some(quote! {
            .unhandled_panic(#crate_path::runtime::UnhandledPanic::ShutdownRuntime)
        }),
    };
    quote! {
        #crate_path::runtime::Builder::#constructor()
            #worker_threads
            .enable_all()
            #start_paused
            #unhandled_panic
    }
}

/// The type of the body's value, as far as the generated code can name it.
enum Output {
    /// A type that can be written inside the function.
    Named(TokenStream),
    /// `!`, or a type with `impl Trait` in it: allowed in a signature only.
    Unnameable,
}

impl Output {
    fn of(output: &ReturnType) -> Self {
        match output {
            ReturnType::Default => Self::Named(quote!(())),
            ReturnType::Type(_, declared) => {
                let tokens = declared.to_token_stream();
                if matches!(**declared, Type::Never(_)) || mentions_impl(tokens.clone()) {
                    Self::Unnameable
                } else {
                    Self::Named(tokens)
                }
            }
        }
    }

    /// The statement that fixes the type of the `async` block; see the head of this file.
    fn declaration(&self) -> TokenStream {
        match self {
            Self::Named(output) => quote! {
                if let ::core::option::Option::Some(never) =
                    ::core::option::Option::None::<#output>
                {
                    return never;
                }
            },
            Self::Unnameable => TokenStream::new(),
        }
    }

    /// Makes `body` a pinned trait object, so that all tests of a crate share one copy of
    /// `block_on` instead of compiling one each. The indirect call costs a test nothing.
    fn pinned_body(&self) -> TokenStream {
        match self {
            Self::Named(output) => quote! {
                let body: ::core::pin::Pin<
                    &mut dyn ::core::future::Future<Output = #output>,
                > = ::core::pin::pin!(body);
            },
            Self::Unnameable => TokenStream::new(),
        }
    }
}

/// Whether the keyword `impl` occurs in a type, however deep.
fn mentions_impl(tokens: TokenStream) -> bool {
    tokens.into_iter().any(|token| match token {
        TokenTree::Ident(ident) => ident == "impl",
        TokenTree::Group(group) => mentions_impl(group.stream()),
        TokenTree::Punct(_) | TokenTree::Literal(_) => false,
    })
}

#[cfg(test)]
mod tests;
