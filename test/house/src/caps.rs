//! How long a file and a function may be, and what neither a file nor a module may be called.

use std::path::Path;

use proc_macro2::{Delimiter, Span, TokenStream, TokenTree};
use syn::spanned::Spanned as _;
use syn::visit::{self, Visit};

/// Longest source file, tests included.
pub const FILE_LINES_MAX: usize = 400;

/// Longest function, from `fn` to its closing brace.
pub const FUNCTION_LINES_MAX: usize = 60;

/// Sources that have a cap.
pub const SOURCE_ENDINGS: &[&str] = &[".rs", ".java", ".js", ".mjs", ".ts"];

/// Files that a program writes and nobody edits; they may be as long as they like.
pub const GENERATED: &[&str] = &[];

/// Names that say nothing about what is inside.
const EMPTY_NAMES: &[&str] = &["common", "helper", "helpers", "impl", "manager", "misc", "util", "utils"];

/// Every offence of one source file against the caps and the names.
pub fn offences(path: &str, text: &str) -> Vec<String> {
    let mut offences = empty_names(path);
    if !GENERATED.contains(&path) {
        let lines = text.lines().count();
        if lines > FILE_LINES_MAX {
            offences.push(format!("{path} has {lines} lines, more than {FILE_LINES_MAX}"));
        }
        if Path::new(path).extension().is_some_and(|ending| ending == "rs") {
            offences.extend(long_functions(path, text));
        }
    }
    offences
}

fn empty_names(path: &str) -> Vec<String> {
    let parts = path.split('/').map(|part| part.split('.').next().unwrap_or(part));
    parts
        .filter(|part| EMPTY_NAMES.contains(&last_word(part).as_str()))
        .map(|part| format!("{path}: the name {part} says nothing"))
        .collect()
}

/// `manager` of `ConnectionManager`, `connection_manager`, `connection-manager` and `manager`.
fn last_word(name: &str) -> String {
    let start =
        name.rfind(|letter: char| letter.is_uppercase() || letter == '_' || letter == '-').unwrap_or(0);
    name.get(start..).unwrap_or(name).trim_start_matches(['_', '-']).to_lowercase()
}

fn long_functions(path: &str, text: &str) -> Vec<String> {
    let file = match syn::parse_file(text) {
        Ok(file) => file,
        Err(error) => return vec![format!("{path} is not Rust: {error}")],
    };
    let mut functions = Functions { path, offences: Vec::new() };
    functions.visit_file(&file);
    functions.offences
}

struct Functions<'a> {
    path: &'a str,
    offences: Vec<String>,
}

impl Functions<'_> {
    fn measure(&mut self, name: &impl ToString, from: Span, to: Span) {
        let (first, last) = (from.start().line, to.end().line);
        let lines = last + 1 - first;
        if lines > FUNCTION_LINES_MAX {
            let (path, name) = (self.path, name.to_string());
            self.offences
                .push(format!("{path}:{first} {name} has {lines} lines, more than {FUNCTION_LINES_MAX}"));
        }
    }

    /// Functions inside a macro call, such as `proptest!`, need not be Rust that the parser knows.
    fn tokens(&mut self, tokens: TokenStream) {
        let mut begun: Option<(Span, String)> = None;
        let mut previous_is_fn = None;
        for token in tokens {
            match &token {
                TokenTree::Ident(word) => {
                    if let Some(span) = previous_is_fn {
                        begun = Some((span, word.to_string()));
                    }
                }
                TokenTree::Group(group) => {
                    if group.delimiter() == Delimiter::Brace
                        && let Some((span, name)) = begun.take()
                    {
                        self.measure(&name, span, group.span_close());
                    }
                    self.tokens(group.stream());
                }
                TokenTree::Punct(_) | TokenTree::Literal(_) => {}
            }
            previous_is_fn = matches!(&token, TokenTree::Ident(word) if word == "fn").then(|| token.span());
        }
    }
}

impl<'ast> Visit<'ast> for Functions<'_> {
    fn visit_item_fn(&mut self, function: &'ast syn::ItemFn) {
        self.measure(&function.sig.ident, function.sig.span(), function.block.span());
        visit::visit_item_fn(self, function);
    }

    fn visit_impl_item_fn(&mut self, function: &'ast syn::ImplItemFn) {
        self.measure(&function.sig.ident, function.sig.span(), function.block.span());
        visit::visit_impl_item_fn(self, function);
    }

    fn visit_trait_item_fn(&mut self, function: &'ast syn::TraitItemFn) {
        self.measure(&function.sig.ident, function.sig.span(), function.span());
        visit::visit_trait_item_fn(self, function);
    }

    fn visit_item_mod(&mut self, module: &'ast syn::ItemMod) {
        if EMPTY_NAMES.contains(&last_word(&module.ident.to_string()).as_str()) {
            self.offences.push(format!("{}: the name of mod {} says nothing", self.path, module.ident));
        }
        visit::visit_item_mod(self, module);
    }

    fn visit_macro(&mut self, call: &'ast syn::Macro) {
        self.tokens(call.tokens.clone());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn body(lines: usize) -> String {
        "    work();\n".repeat(lines)
    }

    #[test]
    fn the_caps_themselves_are_allowed() {
        let longest_function = format!("fn long() {{\n{}}}\n", body(FUNCTION_LINES_MAX - 2));
        assert_eq!(offences("rust/a/src/b.rs", &longest_function), [""; 0]);
        assert_eq!(offences("www/web.js", &"x\n".repeat(FILE_LINES_MAX)), [""; 0]);
    }

    #[test]
    fn one_line_more_is_an_offence() {
        for file in ["www/web.js", "android/Radio.java"] {
            assert_eq!(
                offences(file, &"x\n".repeat(FILE_LINES_MAX + 1)),
                [format!("{file} has 401 lines, more than 400")]
            );
        }
        let body = body(FUNCTION_LINES_MAX - 1);
        for (text, name) in [
            (format!("fn plain() {{\n{body}}}\n"), "plain"),
            (format!("#[cfg(test)] mod tests {{ #[test] fn test() {{\n{body}}} }}\n"), "test"),
            (format!("impl A {{ fn method(&self) {{\n{body}}} }}\n"), "method"),
            (format!("trait A {{ fn provided(&self) {{\n{body}}} }}\n"), "provided"),
            (format!("proptest! {{ #[test] fn in_macro(x in 0..9) {{\n{body}}} }}\n"), "in_macro"),
        ] {
            assert_eq!(offences("a.rs", &text), [format!("a.rs:1 {name} has 61 lines, more than 60")]);
        }
    }

    #[test]
    fn empty_names_are_offences() {
        assert_eq!(offences("rust/a/src/utils.rs", "").len(), 1);
        assert_eq!(offences("rust/a/tests/common/mod.rs", "").len(), 1);
        assert_eq!(offences("android/RadioManager.java", "").len(), 1);
        assert_eq!(offences("a.rs", "mod helpers {}"), ["a.rs: the name of mod helpers says nothing"]);
        assert_eq!(offences("rust/a/src/common_ground.rs", ""), [""; 0]);
    }

    #[test]
    fn what_cannot_be_read_is_an_offence() {
        assert_eq!(offences("a.rs", "fn (").len(), 1);
    }
}
