//! What the macros produce and what they refuse, on tokens alone.

use proc_macro2::{LineColumn, TokenStream};

use super::*;

/// An expansion, as text with the whitespace of the token printer.
fn expanded(attribute: Attribute, arguments: &str, item: &str) -> String {
    let arguments: TokenStream = arguments.parse().expect("the arguments are tokens");
    let item: TokenStream = item.parse().expect("the item is tokens");
    expand(attribute, arguments, item).to_string()
}

/// The message of the one error in an expansion.
fn refusal(attribute: Attribute, arguments: &str, item: &str) -> String {
    let text = expanded(attribute, arguments, item);
    let (function, error) = text
        .split_once(":: core :: compile_error ! {")
        .unwrap_or_else(|| panic!("no error in: {text}"));
    assert!(
        function.contains("fn "),
        "the function must come out with the error: {text}"
    );
    let message = error.trim_end_matches(['}', ' ']).trim();
    message.trim_matches('"').replace("\\\"", "\"")
}

fn main_with(arguments: &str) -> String {
    expanded(
        Attribute::Main,
        arguments,
        "async fn main() { work().await }",
    )
}

fn test_with(arguments: &str) -> String {
    expanded(
        Attribute::Test,
        arguments,
        "async fn works() { work().await }",
    )
}

fn refused_main(arguments: &str) -> String {
    refusal(Attribute::Main, arguments, "async fn main() {}")
}

fn refused_test(arguments: &str) -> String {
    refusal(Attribute::Test, arguments, "async fn works() {}")
}

#[test]
fn main_runs_on_many_threads_unless_told_otherwise() {
    let plain = main_with("");
    assert!(
        plain.contains("Builder :: new_multi_thread () . enable_all () . build ()"),
        "{plain}"
    );
    let single = main_with("flavor = \"current_thread\"");
    assert!(
        single.contains("Builder :: new_current_thread () . enable_all ()"),
        "{single}"
    );
}

#[test]
fn test_runs_on_one_thread_unless_told_otherwise() {
    let plain = test_with("");
    assert!(
        plain.contains("Builder :: new_current_thread () . enable_all ()"),
        "{plain}"
    );
    assert!(
        plain.starts_with("# [:: core :: prelude :: v1 :: test] fn works ()"),
        "{plain}"
    );
    let many = test_with("flavor = \"multi_thread\"");
    assert!(
        many.contains("Builder :: new_multi_thread () . enable_all ()"),
        "{many}"
    );
}

#[test]
fn arguments_reach_the_builder() {
    let workers = main_with("flavor = \"multi_thread\", worker_threads = 3");
    assert!(
        workers.contains("new_multi_thread () . worker_threads (3usize)"),
        "{workers}"
    );
    let paused = test_with("start_paused = true,");
    assert!(
        paused.contains(". enable_all () . start_paused (true)"),
        "{paused}"
    );
}

#[test]
fn a_test_fails_of_a_panic_that_nobody_sees_unless_told_otherwise() {
    let policy =
        ". unhandled_panic (:: mainspring :: runtime :: UnhandledPanic :: ShutdownRuntime)";
    let plain = test_with("");
    assert!(plain.contains(policy), "{plain}");
    assert!(plain.contains("runtime . run (body)"), "{plain}");
    let ignoring = test_with("unhandled_panic = \"ignore\"");
    assert!(!ignoring.contains("unhandled_panic"), "{ignoring}");
    assert!(ignoring.contains("runtime . block_on (body)"), "{ignoring}");
}

#[test]
fn main_goes_on_after_a_panic_that_nobody_sees_unless_told_otherwise() {
    let plain = main_with("");
    assert!(!plain.contains("unhandled_panic"), "{plain}");
    assert!(plain.contains("runtime . block_on (body)"), "{plain}");
    let ending = main_with("unhandled_panic = \"shutdown_runtime\", crate = \"other\"");
    assert!(
        ending
            .contains(". unhandled_panic (other :: runtime :: UnhandledPanic :: ShutdownRuntime)"),
        "{ending}"
    );
    assert!(ending.contains("runtime . run (body)"), "{ending}");
}

#[test]
fn the_runtime_is_found_where_crate_says() {
    let text = main_with("crate = \"other::place\"");
    assert!(
        text.contains("= other :: place :: runtime :: Builder"),
        "{text}"
    );
    let inside = main_with("crate = \"crate\"");
    assert!(inside.contains("= crate :: runtime :: Builder"), "{inside}");
}

#[test]
fn a_caller_that_does_not_import_the_package_gets_its_own_name() {
    // This crate is such a caller.
    let text = main_with("");
    assert!(
        text.contains("= :: mainspring :: runtime :: Builder"),
        "{text}"
    );
}

#[test]
fn attributes_visibility_and_return_type_are_kept() {
    let text = expanded(
        Attribute::Main,
        "",
        "/// Does it.\n#[inline] pub(crate) async fn run<T: Copy>(x: T) -> Result<T, E> where T: U \
         { #![allow(dead_code)] Ok(x) }",
    );
    assert!(
        text.starts_with(
            "# [doc = \" Does it.\"] # [inline] # [allow (dead_code)] \
             pub (crate) fn run < T : Copy > (x : T) -> Result < T , E > where T : U {"
        ),
        "{text}"
    );
    assert!(text.contains("None :: < Result < T , E > >"), "{text}");
    assert!(text.contains("{ Ok (x) }"), "{text}");
}

#[test]
fn a_type_that_only_a_signature_may_name_is_not_repeated() {
    for output in [
        "!",
        "impl Termination",
        "Result<impl Sized, (Box<impl Sized>,)>",
    ] {
        let item = format!("async fn f() -> {output} {{ g().await }}");
        for attribute in [Attribute::Main, Attribute::Test] {
            let text = expanded(attribute, "", &item);
            assert!(!text.contains("never"), "{text}");
            assert!(!text.contains("dyn"), "{text}");
        }
    }
}

#[test]
fn an_unfinished_body_still_yields_the_function() {
    let text = expanded(
        Attribute::Main,
        "",
        "async fn main() { let x = std:: ; x. }",
    );
    assert!(
        text.contains("fn main ()") && text.contains("let x = std :: ; x ."),
        "{text}"
    );
    assert!(!text.contains("compile_error"), "{text}");
}

#[test]
fn something_other_than_a_function_is_returned_with_an_error() {
    let text = expanded(Attribute::Main, "", "struct Main;");
    assert!(
        text.starts_with("struct Main ;") && text.contains("compile_error"),
        "{text}"
    );
}

#[test]
fn a_function_without_async_is_refused() {
    let message = refusal(Attribute::Main, "", "fn main() {}");
    assert_eq!(
        message,
        "this attribute is for an `async fn`: write `async` before `fn`"
    );
}

#[test]
fn only_main_itself_is_refused_arguments() {
    let message = refusal(Attribute::Main, "", "async fn main(x: u8) {}");
    assert!(
        message.starts_with("`main` takes no arguments"),
        "{message}"
    );
    let other = expanded(Attribute::Main, "", "async fn other(x: u8) {}");
    assert!(!other.contains("compile_error"), "{other}");
}

#[test]
fn a_second_test_attribute_is_refused() {
    for second in [
        "test",
        "::core::prelude::v1::test",
        "std::prelude::rust_2024::test",
    ] {
        let message = refusal(
            Attribute::Test,
            "",
            &format!("#[{second}] async fn f() {{}}"),
        );
        assert!(
            message.starts_with("the function already is a test"),
            "{message}"
        );
    }
    let ignored = expanded(
        Attribute::Test,
        "",
        "#[ignore] #[should_panic] async fn f() {}",
    );
    assert!(!ignored.contains("compile_error"), "{ignored}");
}

#[test]
fn arguments_that_contradict_the_flavor_are_refused() {
    assert_eq!(
        refused_test("worker_threads = 2"),
        "`worker_threads` needs the flavor `multi_thread`: write \
         `#[test(flavor = \"multi_thread\", worker_threads = ..)]`"
    );
    assert_eq!(
        refused_main("start_paused = true"),
        "`start_paused` needs the flavor `current_thread`: write \
         `#[main(flavor = \"current_thread\", start_paused = ..)]`"
    );
}

#[test]
fn wrong_values_are_refused() {
    for zero in [
        "0",
        "-1",
        "1.5",
        "\"2\"",
        "1 + 1",
        "99999999999999999999999",
    ] {
        assert_eq!(
            refused_main(&format!("worker_threads = {zero}")),
            "`worker_threads` takes a whole number from 1"
        );
    }
    assert_eq!(
        refused_test("start_paused = 1"),
        "`start_paused` takes `true` or `false`"
    );
    assert_eq!(
        refused_main("flavor = multi_thread"),
        "`flavor` takes a string literal"
    );
    assert_eq!(
        refused_main("flavor = \"threaded\""),
        "there is no flavor `threaded`; the flavors are `multi_thread` and `current_thread`"
    );
    assert_eq!(
        refused_test("unhandled_panic = \"abort\""),
        "`unhandled_panic` takes \"ignore\" or \"shutdown_runtime\"; `abort` is neither"
    );
    assert_eq!(
        refused_test("unhandled_panic = false"),
        "`unhandled_panic` takes a string literal"
    );
    assert!(refused_main("flavor = \"local\"").contains("use `current_thread`"));
    assert!(refused_main("crate = \"a-b\"").contains("`a-b` is none"));
}

#[test]
fn unknown_repeated_and_bare_arguments_are_refused() {
    assert!(refused_main("threads = 2").starts_with("unknown argument"));
    assert!(refused_main("threads").starts_with("unknown argument"));
    assert!(refused_main("a::b = 2").starts_with("unknown argument"));
    assert_eq!(
        refused_main("worker_threads = 1, worker_threads = 1"),
        "`worker_threads` is given twice"
    );
    assert_eq!(
        refused_main("flavor"),
        "`flavor` needs a value: `#[main(flavor = ..)]`"
    );
    assert_eq!(
        refused_test("multi_thread"),
        "name the flavor with `#[test(flavor = \"multi_thread\")]`"
    );
    assert_eq!(
        refused_main("flavor(\"multi_thread\")"),
        "expected `name = value`"
    );
    assert!(refused_test("unhandled_panic").contains("needs a value"));
    assert!(refused_main("name = \"x\"").contains("not supported"));
}

#[test]
fn an_error_points_at_the_argument_that_caused_it() {
    let arguments: TokenStream = "flavor = \"multi_thread\", worker_threads = 0"
        .parse()
        .unwrap();
    let error = Arguments::parse(Attribute::Main, arguments).err().unwrap();
    assert_eq!(
        error.span().start(),
        LineColumn {
            line: 1,
            column: 42
        }
    );
    let arguments: TokenStream = "worker_threads = 4".parse().unwrap();
    let error = Arguments::parse(Attribute::Test, arguments).err().unwrap();
    assert_eq!(error.span().start(), LineColumn { line: 1, column: 0 });
}

#[test]
fn the_body_keeps_its_place_in_the_source() {
    let item: TokenStream = "async fn main() {\n    work()\n}".parse().unwrap();
    let text = expand(Attribute::Main, TokenStream::new(), item);
    assert_eq!(
        place_of(text, "work"),
        Some(LineColumn { line: 2, column: 4 })
    );
}

/// Where the identifier `name` comes from.
fn place_of(tokens: TokenStream, name: &str) -> Option<LineColumn> {
    tokens.into_iter().find_map(|token| match token {
        TokenTree::Ident(ident) if ident == name => Some(ident.span().start()),
        TokenTree::Group(group) => place_of(group.stream(), name),
        _ => None,
    })
}
