//! Finds the path by which the caller's code can name the runtime's crate.
//!
//! A procedural macro has no `$crate`. A fixed name would break as soon as the dependency is
//! renamed, and renaming it is the way by which an application moves here from tokio. So the
//! caller's manifest is asked under which name it imports the package `mainspring`.

use proc_macro_crate::FoundCrate;
use proc_macro2::{Ident, Span, TokenStream};
use quote::quote;

/// The name of the package, which is the same whatever the caller calls it.
const PACKAGE: &str = "mainspring";

/// The absolute path of the runtime's crate, as seen from the crate that is being compiled.
///
/// Inside the package `mainspring` itself the answer is `::mainspring`. That is right for its
/// examples, tests, benches and doctests, which are crates of their own; its library says
/// `extern crate self as mainspring` so that its unit tests see the same name.
///
/// The answer is `::mainspring` as well if the manifest does not mention the package (the macro
/// came through another crate's re-export) or cannot be read (a build without cargo). If that
/// crate is not there either, the compiler says so at the attribute, and `crate = ".."` helps.
pub(crate) fn path() -> TokenStream {
    path_for(proc_macro_crate::crate_name(PACKAGE).ok())
}

fn path_for(found: Option<FoundCrate>) -> TokenStream {
    let name = match found {
        Some(FoundCrate::Name(name)) => name,
        Some(FoundCrate::Itself) | None => PACKAGE.to_owned(),
    };
    let name = Ident::new(&name, Span::call_site());
    quote!(::#name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_renamed_dependency_is_called_by_its_new_name() {
        let path = path_for(Some(FoundCrate::Name("tokio".to_owned())));
        assert_eq!(path.to_string(), ":: tokio");
    }

    #[test]
    fn the_package_itself_and_an_unknown_caller_use_the_package_name() {
        assert_eq!(
            path_for(Some(FoundCrate::Itself)).to_string(),
            ":: mainspring"
        );
        assert_eq!(path_for(None).to_string(), ":: mainspring");
    }
}
