//! What Python's `site` module does at startup, without its cost.
//!
//! The names `exit`, `quit`, `copyright`, `credits`, `license` and `help` are native and always available. The stock
//! `site`, which looks for `.pth` files, `sitecustomize` and virtual environments, takes several milliseconds, so it
//! is imported only if it can find something: see [`is_needed`].

mod helper;
mod notice;
mod quitter;

use std::path::{Path, PathBuf};

use rustpython_vm::class::PyClassImpl;
use rustpython_vm::{AsObject, PyPayload, PyResult, VirtualMachine, version};

use helper::Helper;
use notice::Notice;
use quitter::Quitter;

const COPYRIGHT: &str = "\
Copyright (c) 2025 the Tauraro developers.
Copyright (c) 2018-2026 the RustPython developers.
Copyright (c) 2001 Python Software Foundation (the standard library).
All rights reserved.";

const CREDITS: &str = "\
    Tauraro stands on RustPython, on the standard library of CPython, and on the Rust crates
    hyper, reqwest, rustls, tokio and many more. Thanks to everyone who made them.";

const LICENSE: &str = "\
Tauraro and RustPython are distributed under the MIT license; the standard library under the
Python Software Foundation license, see https://docs.python.org/3/license.html";

/// Adds the interactive names to `builtins`.
pub(crate) fn install(vm: &VirtualMachine) -> PyResult<()> {
    // Types are made once in a process; each runtime has its own instances.
    let _ = (Quitter::make_static_type(), Notice::make_static_type(), Helper::make_static_type());
    let builtins = vm.builtins.as_object();
    for name in ["exit", "quit"] {
        builtins.set_attr(name, Quitter::new(name).into_pyobject(vm), vm)?;
    }
    for (name, text) in [("copyright", COPYRIGHT), ("credits", CREDITS), ("license", LICENSE)] {
        builtins.set_attr(name, Notice::new(text).into_pyobject(vm), vm)?;
    }
    builtins.set_attr("help", Helper.into_pyobject(vm), vm)
}

/// Imports the stock `site` if [`is_needed`].
pub(crate) fn run(vm: &VirtualMachine) -> PyResult<()> {
    if !is_needed(vm) {
        return Ok(());
    }
    vm.import("site", 0)?;
    // It has replaced the notices by its own, which do not mention Tauraro.
    install(vm)
}

/// Whether there is a virtual environment, a `site-packages` folder, or a `PYTHONPATH` (which may
/// hold a `sitecustomize`).
fn is_needed(vm: &VirtualMachine) -> bool {
    let settings = &vm.state.config.settings;
    if !settings.import_site {
        return false;
    }
    let paths = &vm.state.config.paths;
    if !settings.path_list.is_empty() || paths.prefix != paths.base_prefix {
        return true;
    }
    let folder = format!("lib/rustpython{}.{}t/site-packages", version::MAJOR, version::MINOR);
    let user_base = || {
        let given = if settings.ignore_environment { None } else { std::env::var_os("PYTHONUSERBASE") };
        let home = || std::env::var_os("HOME").map(|home| Path::new(&home).join(".local"));
        given.filter(|base| !base.is_empty()).map(PathBuf::from).or_else(home)
    };
    Path::new(&paths.prefix).join(&folder).is_dir()
        || settings.user_site_directory && user_base().is_some_and(|base| base.join(&folder).is_dir())
}
