//! The function under the attribute, parsed no further than the macros need.
//!
//! The body stays a list of tokens. It is not ours to understand, it costs compile time to parse
//! (and every test of a crate passes through here), and while its author is typing it often is
//! not valid Rust yet: the editor's completion depends on the function coming out of the macro
//! all the same.

use proc_macro2::{Delimiter, Group, TokenStream};
use quote::ToTokens;
use syn::parse::{Parse, ParseStream};
use syn::{AttrStyle, Attribute, Result, Signature, Visibility};

/// A function with an unparsed body.
pub(crate) struct AsyncFn {
    /// The attributes, doc comments included; those from inside the body's braces too, made
    /// outer ones, since the braces will hold a different body.
    pub(crate) attributes: Vec<Attribute>,
    /// `pub` and the like.
    pub(crate) visibility: Visibility,
    /// From `async fn` to the return type and the `where` clause.
    pub(crate) signature: Signature,
    /// The braces of the body and what they hold, with the spans of the source.
    pub(crate) body: Group,
}

impl Parse for AsyncFn {
    fn parse(input: ParseStream<'_>) -> Result<Self> {
        let mut attributes = input.call(Attribute::parse_outer)?;
        let visibility = input.parse()?;
        let signature = input.parse()?;
        let content;
        let braces = syn::braced!(content in input);
        for mut inner in content.call(Attribute::parse_inner)? {
            inner.style = AttrStyle::Outer;
            attributes.push(inner);
        }
        let mut body = Group::new(Delimiter::Brace, content.parse::<TokenStream>()?);
        body.set_span(braces.span.join());
        Ok(Self {
            attributes,
            visibility,
            signature,
            body,
        })
    }
}

impl AsyncFn {
    /// The function as tokens, `async` or not as its signature says, with `body` as its body.
    pub(crate) fn with_body(
        &self,
        extra_attributes: &TokenStream,
        body: TokenStream,
    ) -> TokenStream {
        let mut tokens = TokenStream::new();
        for attribute in &self.attributes {
            attribute.to_tokens(&mut tokens);
        }
        // Last, so that attributes which are macros themselves see what was added.
        extra_attributes.to_tokens(&mut tokens);
        self.visibility.to_tokens(&mut tokens);
        self.signature.to_tokens(&mut tokens);
        let mut braces = Group::new(Delimiter::Brace, body);
        braces.set_span(self.body.span());
        braces.to_tokens(&mut tokens);
        tokens
    }
}
