//! Source that is refused because of words in its comments.
//!
//! The compiler looks into the text of the source to word its errors as CPython does, comments included: a `for`, a
//! quote or a `*` there can make it refuse valid code. When source with comments is refused, it is compiled once more
//! without them; if that is refused too, the first error is the one to report.

use ruff_python_ast::token::TokenKind;
use ruff_python_parser::{Mode, ParseOptions, parse_unchecked};
use ruff_text_size::Ranged as _;
use rustpython_vm::builtins::{PyBytes, PyStr};
use rustpython_vm::function::FuncArgs;
use rustpython_vm::{AsObject, PyObject, PyResult, VirtualMachine};

pub(super) fn install(vm: &VirtualMachine) -> PyResult<()> {
    super::replace_builtin(
        vm,
        "compile",
        "compile($module, /, source, filename, mode, flags=0, dont_inherit=False, optimize=-1, *,\n        _feature_version=-1)\n--\n\nCompile source into a code object that can be executed by exec() or eval().",
        |original| move |arguments: FuncArgs, vm: &VirtualMachine| compile(&original, arguments, vm),
    )?;
    for (name, signature, mode) in [
        (
            "exec",
            "exec($module, source, /, globals=None, locals=None, *, closure=None)\n--\n\nExecute the given source in the context of globals and locals.",
            "exec",
        ),
        (
            "eval",
            "eval($module, source, /, globals=None, locals=None)\n--\n\nEvaluate the given source in the context of globals and locals.",
            "eval",
        ),
    ] {
        super::replace_builtin(vm, name, signature, |original| {
            move |mut arguments: FuncArgs, vm: &VirtualMachine| -> PyResult {
                if let Some(source) = arguments.args.first_mut()
                    && let Some(text) = text_with_comments(source)
                {
                    // An evaluated text may be indented.
                    let text = if mode == "eval" { text.trim_start_matches([' ', '\t']) } else { &text };
                    let compile = vm.builtins.as_object().get_attr("compile", vm)?;
                    *source = compile.call((vm.ctx.new_str(text), "<string>", mode), vm)?;
                }
                original.call(arguments, vm)
            }
        })?;
    }
    Ok(())
}

fn compile(original: &PyObject, arguments: FuncArgs, vm: &VirtualMachine) -> PyResult {
    let text = arguments.args.first().and_then(|source| text_with_comments(source));
    let Some(text) = text else { return original.call(arguments, vm) };
    let mut again = arguments.clone();
    let error = match original.call(arguments, vm) {
        Err(error) if error.fast_isinstance(vm.ctx.exceptions.syntax_error) => error,
        outcome => return outcome,
    };
    let (Some(without), Some(source)) = (without_comments(&text), again.args.first_mut()) else {
        return Err(error);
    };
    *source = vm.ctx.new_str(without).into();
    original.call(again, vm).map_err(|_| error)
}

/// The text of source that has comments; bytes only if they are UTF-8, and say nothing else.
fn text_with_comments(source: &PyObject) -> Option<String> {
    let text = if let Some(text) = source.downcast_ref::<PyStr>() {
        text.to_str()?.to_owned()
    } else {
        let text = std::str::from_utf8(source.downcast_ref::<PyBytes>()?.as_bytes()).ok()?;
        let names_a_coding =
            text.lines().take(2).any(|line| line.starts_with('#') && line.contains("coding"));
        if names_a_coding {
            return None;
        }
        text.to_owned()
    };
    text.contains('#').then_some(text)
}

/// `source` with blanks in place of its comments, so that every position stays; `None` if it is wrong besides.
pub(crate) fn without_comments(source: &str) -> Option<String> {
    let parsed = parse_unchecked(source, ParseOptions::from(Mode::Module));
    if !parsed.has_valid_syntax() {
        return None;
    }
    let mut bytes = source.as_bytes().to_vec();
    for token in parsed.tokens().iter().filter(|token| token.kind() == TokenKind::Comment) {
        let range = token.range();
        if let Some(comment) = bytes.get_mut(usize::from(range.start())..usize::from(range.end())) {
            comment.fill(b' ');
        }
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::without_comments;

    #[test]
    fn comments_become_blanks_and_strings_stay() {
        assert_eq!(without_comments("a = '#'  # b\nc\n").as_deref(), Some("a = '#'     \nc\n"));
        assert_eq!(without_comments("f(x for # y\n"), None);
    }
}
