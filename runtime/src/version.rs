//! The name and version of this runtime.

use rustpython_vm::builtins::PyTuple;
use rustpython_vm::convert::ToPyObject;
use rustpython_vm::{AsObject, PyPayload, PyResult, VirtualMachine, version};

/// The version of Tauraro, as in `Cargo.toml`.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");

/// One line with the versions of Tauraro, the Python language and the interpreter.
pub fn banner() -> String {
    format!(
        "Tauraro {VERSION}, Python {}.{} dialect on RustPython {}.{}",
        version::MAJOR,
        version::MINOR,
        version::MAJOR_IMPL,
        version::MINOR_IMPL,
    )
}

/// [`banner`] with everything that a bug report needs: what `-VV` prints.
pub(crate) fn detailed() -> String {
    format!(
        "Tauraro {VERSION}, Python {} dialect on RustPython {}.{}.{} ({}, {})",
        python(),
        version::MAJOR_IMPL,
        version::MINOR_IMPL,
        version::MICRO_IMPL,
        std::env::consts::ARCH,
        std::env::consts::OS,
    )
}

/// The version of the language, as `platform.python_version()` returns it.
fn python() -> String {
    format!("{}.{}.{}", version::MAJOR, version::MINOR, version::MICRO)
}

/// Sets Tauraro's name where scripts look for it: `sys.version`, `sys.implementation`, `sys.copyright`.
///
/// `sys.version` keeps the shape `VERSION (BUILD) [COMPILER]` that `platform` parses.
pub(crate) fn install(vm: &VirtualMachine) -> PyResult<()> {
    let sys = vm.sys_module.as_object();
    let version = format!("{} (tauraro) [{}]", python(), banner());
    sys.set_attr("version", vm.ctx.new_str(version), vm)?;

    let numbers =
        [env!("CARGO_PKG_VERSION_MAJOR"), env!("CARGO_PKG_VERSION_MINOR"), env!("CARGO_PKG_VERSION_PATCH")]
            .map(|number| number.parse::<u32>().unwrap_or(0));
    let [major, minor, micro] = numbers;
    let info = PyTuple::new_unchecked(Box::new([
        major.to_pyobject(vm),
        minor.to_pyobject(vm),
        micro.to_pyobject(vm),
        vm.ctx.new_str("final").into(),
        vm.ctx.new_int(0).into(),
    ]));
    let info = info.into_ref_with_type(vm, sys.get_attr("version_info", vm)?.class().to_owned())?;
    let implementation = sys.get_attr("implementation", vm)?;
    implementation.set_attr("name", vm.ctx.new_str("tauraro"), vm)?;
    implementation.set_attr("version", info, vm)?;
    let hex = (major << 24) | (minor << 16) | (micro << 8) | 0xf0;
    implementation.set_attr("hexversion", vm.ctx.new_int(hex), vm)
}
