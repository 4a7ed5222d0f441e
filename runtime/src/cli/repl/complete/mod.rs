//! What Tab offers: names, attributes, keywords and modules. No Python code runs for it.

mod attributes;
mod modules;

use std::collections::BTreeSet;

use rustpython_vm::{AsObject, PyObjectRef, VirtualMachine};

use super::lexer::{self, KEYWORDS, Kind};

/// Where the word before the cursor begins, and its possible completions.
pub(super) fn complete(vm: &VirtualMachine, before: &str) -> (usize, Vec<String>) {
    let nothing = (before.len(), Vec::new());
    let last = lexer::tokens(before).into_iter().next_back().map(|token| token.kind);
    if matches!(last, Some(Kind::Comment | Kind::String { closed: false } | Kind::Number)) {
        return nothing;
    }
    let statement = before.rsplit(['\n', ';']).next().unwrap_or(before).trim_start();
    let dotted = dotted_name(before);
    let (path, prefix) = match dotted.rsplit_once('.') {
        Some((path, prefix)) => (Some(path), prefix),
        None => (None, dotted),
    };
    let names = match import_part(statement) {
        Some(Import::Module) => modules::below(vm, path),
        Some(Import::NameFrom(module)) => modules::names_in(vm, module),
        Some(Import::Keyword) => BTreeSet::from(["import".to_owned()]),
        Some(Import::Other) => BTreeSet::new(),
        None => match path {
            Some(path) => {
                attributes::resolve(vm, path).map(|found| attributes::of(vm, &found)).unwrap_or_default()
            }
            None => plain_names(vm),
        },
    };
    let hidden =
        |name: &str| prefix.is_empty() && name.starts_with('_') || prefix == "_" && name.starts_with("__");
    let fitting = names.into_iter().filter(|name| name.starts_with(prefix) && !hidden(name));
    let fitting: Vec<String> = fitting.filter(|name| name != prefix).collect();
    (before.len() - prefix.len(), fitting)
}

/// The dotted name that `text` ends with: `a.b` of `x + a.b`. Empty for an attribute of something else, such as the
/// result of a call.
fn dotted_name(text: &str) -> &str {
    let is_part = |character: char| lexer::is_name_part(character) || character == '.';
    let name = text.get(text.trim_end_matches(is_part).len()..).unwrap_or("");
    let begins_well = name.chars().next().is_none_or(lexer::is_name_start);
    if begins_well { name } else { "" }
}

/// What is being typed in an `import` statement.
enum Import<'a> {
    /// The name of a module, possibly dotted.
    Module,
    /// A name to import from the module.
    NameFrom(&'a str),
    /// `from module` is followed by the word `import`.
    Keyword,
    /// A name of the user's choice, after `as`, or a relative import.
    Other,
}

fn import_part(statement: &str) -> Option<Import<'_>> {
    if let Some(rest) = statement.strip_prefix("import ") {
        let last = rest.rsplit(',').next().unwrap_or(rest).trim_start();
        return Some(if last.contains(' ') { Import::Other } else { Import::Module });
    }
    let rest = statement.strip_prefix("from ")?.trim_start();
    let Some((module, rest)) = rest.split_once(' ') else {
        return Some(if rest.starts_with('.') { Import::Other } else { Import::Module });
    };
    let Some(names) = rest.trim_start().strip_prefix("import ") else {
        return Some(Import::Keyword);
    };
    let last = names.rsplit([',', '(']).next().unwrap_or(names).trim_start();
    Some(if last.contains(' ') || module.starts_with('.') { Import::Other } else { Import::NameFrom(module) })
}

/// Keywords, and the names in `__main__` and `builtins`.
fn plain_names(vm: &VirtualMachine) -> BTreeSet<String> {
    let mut names: BTreeSet<String> = KEYWORDS.iter().map(|&word| word.to_owned()).collect();
    let main = vm.main_namespace().ok().map(PyObjectRef::from);
    for namespace in main.into_iter().chain(vm.builtins.as_object().dict().map(PyObjectRef::from)) {
        names.extend(attributes::keys(&namespace));
    }
    names
}
